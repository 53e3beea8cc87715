import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";

/** For tests only: a gRPC call on bare HTTP/2, for what a gRPC library would not do. */
export class RawStream implements Disposable {
  readonly session: ClientHttp2Session;
  readonly stream: ClientHttp2Stream;

  /**
   * @param windowBytes what the server may send before the client has read it
   * @param encoding of messages that are compressed
   */
  constructor(port: number, path: string, windowBytes: number, encoding = "identity") {
    this.session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: windowBytes } });
    this.session.on("error", () => undefined);
    const grpc = { "content-type": "application/grpc", "grpc-encoding": encoding, te: "trailers" };
    this.stream = this.session.request({ ":method": "POST", ":path": path, ...grpc });
    this.stream.on("error", () => undefined);
    this.stream.pause();
  }

  /**
   * All in one piece.
   * @param compressed places of those that say they are
   */
  send(messages: readonly Uint8Array[], compressed: readonly number[] = []): void {
    const frames = messages.flatMap((message, place) => [
      frameHead(message.length, compressed.includes(place)),
      message,
    ]);
    this.stream.write(Buffer.concat(frames));
  }

  /** The status, once there is one. */
  ended(): Promise<{ readonly code: number; readonly details: string }> {
    this.stream.resume();
    return new Promise((resolve) => {
      this.stream.on("trailers", (trailers) => {
        const details = decodeURI(String(trailers["grpc-message"]));
        resolve({ code: Number(trailers["grpc-status"]), details });
      });
    });
  }

  [Symbol.dispose](): void {
    this.session.destroy();
  }
}

/** Whether it is compressed, and how long it is. */
export function frameHead(bytes: number, compressed: boolean): Buffer {
  const buffer = Buffer.alloc(5);
  buffer[0] = compressed ? 1 : 0;
  buffer.writeUInt32BE(bytes, 1);
  return buffer;
}
