import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";

/** For tests only: a gRPC call on bare HTTP/2, for what a gRPC library would not do. */
export class RawStream implements Disposable {
  readonly session: ClientHttp2Session;
  readonly stream: ClientHttp2Stream;

  /** @param windowBytes what the server may send before the client has read it */
  constructor(port: number, path: string, windowBytes: number) {
    this.session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: windowBytes } });
    this.session.on("error", () => undefined);
    const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
    this.stream = this.session.request(headers);
    this.stream.on("error", () => undefined);
    this.stream.pause();
  }

  /** All in one piece. */
  send(messages: readonly Uint8Array[]): void {
    this.stream.write(Buffer.concat(messages.flatMap((message) => [head(message.length), message])));
  }

  [Symbol.dispose](): void {
    this.session.destroy();
  }
}

/** Not compressed, and so long. */
function head(bytes: number): Buffer {
  const buffer = Buffer.alloc(5);
  buffer.writeUInt32BE(bytes, 1);
  return buffer;
}
