import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from "node:http2";

export interface GrpcStreamOptions {
  /** Such as `http://127.0.0.1:9091`. */
  readonly url: string;
  /** Such as `/workerpb.WorkerStream/Stream`. */
  readonly path: string;
  /** A message that has come, from `start` to `end` of `bytes`; valid only until this returns. */
  readonly onMessage: (bytes: Buffer, start: number, end: number) => void;
  /** The stream is over: in peace when there is no reason. */
  readonly onEnd: (reason: string | undefined) => void;
}

/**
 * One gRPC stream on a connection of its own, spoken straight over HTTP/2: a load generator must take as little as
 * possible of the processors it shares with the server. Messages of one turn leave in one write.
 */
export class GrpcStream {
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  readonly #options: GrpcStreamOptions;
  #out = Buffer.allocUnsafe(OUT_BYTES);
  #outBytes = 0;
  #flushing = false;
  #ended = false;
  #rest: Buffer | undefined;
  #status = "";

  constructor(options: GrpcStreamOptions) {
    this.#options = options;
    this.#session = connect(options.url, { settings: { initialWindowSize: WINDOW_BYTES, enablePush: false } });
    this.#session.on("error", (error) => this.#end(error.message));
    this.#session.on("connect", () => this.#session.setLocalWindowSize?.(WINDOW_BYTES));
    this.#stream = this.#session.request({
      [constants.HTTP2_HEADER_METHOD]: "POST",
      [constants.HTTP2_HEADER_PATH]: options.path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    this.#stream.on("data", (bytes: Buffer) => this.#received(bytes));
    this.#stream.on("response", (headers) => this.#sawStatus(headers));
    this.#stream.on("trailers", (headers) => this.#sawStatus(headers));
    this.#stream.on("error", (error) => this.#end(error.message));
    // A server that has said its last word waits for ours before the stream counts as closed.
    this.#stream.on("end", () => this.#stream.end());
    this.#stream.on("close", () => this.#end(this.#status === "0" ? undefined : `the stream ended: ${this.#status}`));
  }

  /** Writes one message, framed, with the next write. It is copied. */
  send(message: Uint8Array): void {
    if (this.#ended) return;
    const needed = this.#outBytes + FRAME_BYTES + message.length;
    if (needed > this.#out.length) this.#grow(needed);
    const out = this.#out;
    out[this.#outBytes] = 0;
    out.writeUInt32BE(message.length, this.#outBytes + 1);
    out.set(message, this.#outBytes + FRAME_BYTES);
    this.#outBytes = needed;
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#flush());
  }

  /** Says that nothing more will be sent. What the server still sends is received. */
  halfClose(): void {
    this.#flush();
    this.#stream.end();
  }

  close(): void {
    this.#ended = true;
    this.#session.destroy();
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#outBytes === 0 || this.#ended) return;
    this.#stream.write(this.#out.subarray(0, this.#outBytes));
    // The stream keeps what it was given until the socket has taken it.
    this.#out = Buffer.allocUnsafe(OUT_BYTES);
    this.#outBytes = 0;
  }

  #grow(neededBytes: number): void {
    const grown = Buffer.allocUnsafe(Math.max(neededBytes, this.#out.length * 2));
    this.#out.copy(grown, 0, 0, this.#outBytes);
    this.#out = grown;
  }

  #received(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    let at = 0;
    while (bytes.length - at >= FRAME_BYTES) {
      const start = at + FRAME_BYTES;
      const end = start + bytes.readUInt32BE(at + 1);
      if (end > bytes.length) break;
      this.#options.onMessage(bytes, start, end);
      at = end;
    }
    if (at < bytes.length) this.#rest = bytes.subarray(at);
  }

  #sawStatus(headers: IncomingHttpHeaders): void {
    const status = headers["grpc-status"];
    if (status === undefined) return;
    const message = headers["grpc-message"];
    this.#status =
      status === "0" || message === undefined ? String(status) : `${String(status)} ${unescaped(String(message))}`;
  }

  #end(reason: string | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#session.destroy();
    this.#options.onEnd(reason);
  }
}

/** gRPC sends texts percent-encoded; one that is not is shown as it came. */
function unescaped(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

const FRAME_BYTES = 5;
const OUT_BYTES = 16 * 1024;
const WINDOW_BYTES = 4 * 1024 * 1024;
