import { Client, type ClientDuplexStream, type StatusObject } from "@grpc/grpc-js";
import type { Connection } from "./connection-options.ts";

export interface StreamEvents {
  readonly onMessage: (message: Buffer) => void;
  /** Everything handed to `send` has been taken by the connection. */
  readonly onIdle: () => void;
  /** Comes once, and nothing after it. */
  readonly onEnd: (status: StatusObject) => void;
}

/**
 * One gRPC stream on a connection of its own, with nothing between it and the network that would connect or send again
 * on its own account.
 */
export class OpenStream {
  readonly #client: Client;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #events: StreamEvents;
  #unwritten = 0;
  #over = false;

  /** @param path of the method, such as `/workerpb.WorkerStream/Stream` */
  constructor(connection: Connection, path: string, events: StreamEvents) {
    this.#events = events;
    this.#client = clientOf(connection);
    const unchanged = <T>(bytes: T): T => bytes;
    this.#call = this.#client.makeBidiStreamRequest(path, unchanged<Buffer>, unchanged<Buffer>);
    this.#call.on("data", (message: Buffer) => {
      if (!this.#over) events.onMessage(message);
    });
    // The status tells the same.
    this.#call.on("error", () => undefined);
    this.#call.on("status", (status: StatusObject) => this.#end(status));
  }

  /** Nothing waits to be written. */
  get idle(): boolean {
    return this.#unwritten === 0 && !this.#over;
  }

  send(message: Buffer): void {
    if (this.#over) return;
    this.#unwritten += 1;
    this.#call.write(message, this.#written);
  }

  /** No more will be sent; the server ends the stream in its turn. */
  endWriting(): void {
    if (!this.#over) this.#call.end();
  }

  /** Ends it at once. `onEnd` does not come any more. */
  discard(): void {
    if (this.#over) return;
    this.#over = true;
    this.#call.cancel();
    this.#client.close();
  }

  readonly #written = (): void => {
    this.#unwritten -= 1;
    if (this.#unwritten === 0 && !this.#over) this.#events.onIdle();
  };

  #end(status: StatusObject): void {
    if (this.#over) return;
    this.#over = true;
    this.#client.close();
    this.#events.onEnd(status);
  }
}

function clientOf({ address, trust, keepAliveMs, keepAliveTimeoutMs, receiveBytesMax }: Connection): Client {
  return new Client(address, trust.credentials, {
    ...trust.options,
    // Otherwise streams to one address share a connection, and its delays between attempts.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_retries": 0,
    "grpc.max_receive_message_length": receiveBytesMax,
    "grpc.max_send_message_length": -1,
    ...(keepAliveMs === 0
      ? {}
      : { "grpc.keepalive_time_ms": keepAliveMs, "grpc.keepalive_timeout_ms": keepAliveTimeoutMs }),
  });
}
