import {
  type ServerDuplexStream,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { FILE_DESCRIPTORS, type FileDescriptor } from "../../../proto/generated/descriptors.ts";
import { ServerReflectionRequest, ServerReflectionResponse } from "../../../proto/generated/reflection.ts";

type Answer = NonNullable<ServerReflectionResponse["messageResponse"]>;
type Stream = ServerDuplexStream<ServerReflectionRequest, ServerReflectionResponse>;

const STREAMS_MAX = 64;

/** Tells gRPC tools what can be called here. Needs no token: the definitions are public. */
export class ReflectionService {
  readonly #services: readonly string[];
  readonly #streams = new Set<Stream>();

  /** @param services full names of what is served */
  constructor(services: readonly string[]) {
    this.#services = services;
  }

  get implementation(): UntypedServiceImplementation {
    return { info: (stream: Stream) => this.#serve(stream) };
  }

  retire(): void {
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
  }

  #serve(stream: Stream): void {
    if (this.#streams.size >= STREAMS_MAX) {
      const details = `too many reflection streams (limit ${STREAMS_MAX})`;
      stream.emit("error", { code: status.RESOURCE_EXHAUSTED, details });
      return;
    }
    this.#streams.add(stream);
    stream.on("data", (request: ServerReflectionRequest) => {
      const answer = { validHost: request.host, originalRequest: request, messageResponse: this.#answer(request) };
      if (stream.write(answer)) return;
      stream.pause();
      stream.once("drain", () => stream.resume());
    });
    stream.on("end", () => stream.end());
    stream.on("cancelled", () => this.#streams.delete(stream));
    stream.on("finish", () => this.#streams.delete(stream));
  }

  #answer({ messageRequest }: ServerReflectionRequest): Answer {
    switch (messageRequest?.$case) {
      case "listServices":
        return { $case: "listServicesResponse", value: { service: this.#services.map((name) => ({ name })) } };
      case "fileByFilename":
        return filesAnswer(FILE_DESCRIPTORS.find(({ name }) => name === messageRequest.value));
      case "fileContainingSymbol":
        return filesAnswer(FILE_DESCRIPTORS.find(({ symbols }) => symbols.includes(messageRequest.value)));
      case "fileContainingExtension":
      case "allExtensionNumbersOfType":
        return errorAnswer(status.NOT_FOUND, "there are no extensions");
      case undefined:
        return errorAnswer(status.INVALID_ARGUMENT, "an empty request");
    }
  }
}

/** The file, and what it imports. */
function filesAnswer(file: FileDescriptor | undefined): Answer {
  if (file === undefined) return errorAnswer(status.NOT_FOUND, "not found");
  const imported = FILE_DESCRIPTORS.filter(({ name }) => file.dependencies.includes(name));
  const fileDescriptorProto = [file, ...imported].map(({ descriptor }) => Buffer.from(descriptor, "base64"));
  return { $case: "fileDescriptorResponse", value: { fileDescriptorProto } };
}

function errorAnswer(errorCode: status, errorMessage: string): Answer {
  return { $case: "errorResponse", value: { errorCode, errorMessage } };
}

export const REFLECTION_SERVICE = "grpc.reflection.v1.ServerReflection";

/** The same under the name that older tools ask for. */
export const reflectionDefinitions: readonly ServiceDefinition[] = [
  REFLECTION_SERVICE,
  "grpc.reflection.v1alpha.ServerReflection",
].map((service) => ({
  info: {
    path: `/${service}/ServerReflectionInfo`,
    requestStream: true,
    responseStream: true,
    requestSerialize: (request: ServerReflectionRequest) => ServerReflectionRequest.encode(request).finish(),
    requestDeserialize: (bytes: Buffer) => ServerReflectionRequest.decode(bytes),
    responseSerialize: (response: ServerReflectionResponse) => ServerReflectionResponse.encode(response).finish(),
    responseDeserialize: (bytes: Buffer) => ServerReflectionResponse.decode(bytes),
  },
}));
