import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { Frames, framed } from "../double/frames.ts";

/** What a test says on a stream. */
export interface PeerLine {
  readonly path: string;
  send(message: Uint8Array): void;
  /** Each byte on its own. */
  trickle(message: Uint8Array): Promise<void>;
  /** Ends the stream with a gRPC status. */
  end(status: string, message?: string): void;
}

/** Test-only: a gRPC server on a real socket that says on its streams what a test wants it to. */
export class StreamPeer implements AsyncDisposable {
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();

  /** @param onMessage is called for every message of a client */
  static async start(onMessage: (message: Buffer, line: PeerLine) => void): Promise<StreamPeer> {
    const peer = new StreamPeer(onMessage);
    const { promise, resolve } = Promise.withResolvers<void>();
    peer.#server.listen(0, "127.0.0.1", resolve);
    await promise;
    return peer;
  }

  private constructor(onMessage: (message: Buffer, line: PeerLine) => void) {
    this.#server = createServer();
    this.#server.on("session", (session) => this.#sessions.add(session));
    this.#server.on("stream", (stream: ServerHttp2Stream, headers) => {
      const line = new Line(stream, String(headers[":path"]));
      const frames = new Frames();
      stream.on("data", (chunk: Buffer) => frames.push(chunk, (message) => onMessage(message, line)));
      stream.on("end", () => line.end("0"));
      // A client that goes is none of our concern.
      stream.on("error", () => undefined);
    });
  }

  get url(): string {
    // A server that listens on a port has such an address.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions) session.destroy();
    this.#server.close();
    return Promise.resolve();
  }
}

class Line implements PeerLine {
  readonly path: string;
  readonly #stream: ServerHttp2Stream;
  #trailers: Readonly<Record<string, string>> = { "grpc-status": "0" };

  constructor(stream: ServerHttp2Stream, path: string) {
    this.path = path;
    this.#stream = stream;
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers(this.#trailers));
  }

  send(message: Uint8Array): void {
    this.#stream.write(framed(message));
  }

  async trickle(message: Uint8Array): Promise<void> {
    for (const byte of framed(message)) {
      await new Promise((resolve) => this.#stream.write(Uint8Array.of(byte), resolve));
    }
  }

  end(status: string, message?: string): void {
    if (this.#stream.writableEnded) return;
    this.#trailers = { "grpc-status": status, ...(message === undefined ? {} : { "grpc-message": message }) };
    this.#stream.end();
  }
}
