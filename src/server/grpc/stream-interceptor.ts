import { ServerInterceptingCall, type ServerInterceptingCallInterface, type ServerInterceptor } from "@grpc/grpc-js";
import type { StreamDirection, StreamService } from "./dialogue.ts";
import { STREAM_PATHS } from "./stream-definition.ts";
import type { StreamSet } from "./stream-set.ts";

/**
 * Takes the calls of the stream services away from grpc-js's own handlers. Those put a node stream between the call and
 * us, which costs a third of the time and blurs what has been read and written; the call itself has all we need.
 */
export function streamInterceptor(
  services: Readonly<Record<StreamDirection, StreamService>>,
  streams: StreamSet,
): ServerInterceptor {
  const byPath = new Map(Object.values(services).map((service) => [STREAM_PATHS[service.direction], service]));
  return (method, call) => {
    const service = byPath.get(method.path);
    return service === undefined ? new ServerInterceptingCall(call) : new TakenCall(call, service, streams);
  };
}

class TakenCall extends ServerInterceptingCall {
  readonly #call: ServerInterceptingCallInterface;
  readonly #service: StreamService;
  readonly #streams: StreamSet;

  constructor(call: ServerInterceptingCallInterface, service: StreamService, streams: StreamSet) {
    super(call);
    this.#call = call;
    this.#service = service;
    this.#streams = streams;
  }

  /** The handler that wants to listen is left without messages. */
  override start(): void {
    this.#streams.open(this.#call, this.#service);
  }
}
