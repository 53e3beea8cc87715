import { Server, ServerCredentials, type ServerDuplexStream, type ServiceDefinition, status } from "@grpc/grpc-js";
import * as producer from "../proto/generated/producer.ts";
import * as worker from "../proto/generated/worker.ts";

/** A stream as the script sees it, after the greeting. */
export interface ScriptedStream<Answer> {
  /** Streams are counted from 1. */
  readonly number: number;
  say(answer: Answer): void;
  /** Breaks it. */
  drop(): void;
}

type Script<Said, Answer> = (said: Said, stream: ScriptedStream<Answer>) => void;
export type ProducerSaid = NonNullable<producer.ProducerEvent["event"]>;
export type WorkerSaid = NonNullable<worker.WorkerEvent["event"]>;
export type ProducerAnswer = NonNullable<producer.ServerEvent["event"]>;
export type WorkerAnswer = NonNullable<worker.ServerEvent["event"]>;

interface Codec<Said, Answer> {
  readonly path: string;
  readonly greeting: Answer;
  readonly decode: (bytes: Buffer) => Said | undefined;
  readonly encode: (answer: Answer) => Uint8Array;
}

/** Greets, and then says what a test tells it to: for answers that a real server gives seldom or at no certain time. */
export class ScriptedServer implements AsyncDisposable {
  readonly address: string;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.address = `127.0.0.1:${port}`;
  }

  static forProducers(script: Script<ProducerSaid, ProducerAnswer>): Promise<ScriptedServer> {
    const codec: Codec<ProducerSaid, ProducerAnswer> = {
      path: "/producerpb.ProducerStream/Stream",
      greeting: { $case: "helloAck", value: { tenantId: "t", subject: "s" } },
      decode: (bytes) => producer.ProducerEvent.decode(bytes).event,
      encode: (event) => producer.ServerEvent.encode({ event }).finish(),
    };
    return ScriptedServer.#start(codec, script);
  }

  static forWorkers(script: Script<WorkerSaid, WorkerAnswer>): Promise<ScriptedServer> {
    const codec: Codec<WorkerSaid, WorkerAnswer> = {
      path: "/workerpb.WorkerStream/Stream",
      greeting: { $case: "helloAck", value: { workerId: "w", tenantId: "t" } },
      decode: (bytes) => worker.WorkerEvent.decode(bytes).event,
      encode: (event) => worker.ServerEvent.encode({ event }).finish(),
    };
    return ScriptedServer.#start(codec, script);
  }

  static async #start<Said extends { readonly $case: string }, Answer>(
    codec: Codec<Said, Answer>,
    script: Script<Said, Answer>,
  ): Promise<ScriptedServer> {
    const server = new Server();
    let streams = 0;
    server.addService(serviceOf(codec), {
      stream: (call: ServerDuplexStream<Said | undefined, Answer>) => {
        streams += 1;
        const stream: ScriptedStream<Answer> = {
          number: streams,
          say: (answer) => void call.write(answer),
          drop: () => void call.emit("error", { code: status.UNAVAILABLE, details: "dropped" }),
        };
        call.on("end", () => call.end());
        call.on("data", (said: Said) => {
          if (said.$case === "hello") stream.say(codec.greeting);
          else script(said, stream);
        });
      },
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    return new ScriptedServer(server, port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    await Promise.resolve();
  }
}

function serviceOf<Said, Answer>({ path, decode, encode }: Codec<Said, Answer>): ServiceDefinition {
  return {
    stream: {
      path,
      requestStream: true,
      responseStream: true,
      requestDeserialize: decode,
      responseSerialize: (answer: Answer) => Buffer.from(encode(answer)),
      // What a client would need.
      requestSerialize: () => Buffer.alloc(0),
      responseDeserialize: () => undefined,
    },
  };
}
