import type { Socket } from "bun";

export interface HttpConnectionOptions {
  readonly url: URL;
  readonly token: string;
  readonly onAnswer: (answer: HttpAnswer) => void;
  readonly onEnd: (reason: string) => void;
}

export interface HttpAnswer {
  readonly status: number;
  /** The whole answer; the body lies from `start` to `end`. Valid only until `onAnswer` returns. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * One keep-alive HTTP/1.1 connection with one request at a time, written by hand so that the load generator takes as
 * little as possible of the processors it shares with the server. It knows answers with a Content-Length only.
 */
export class HttpConnection {
  readonly #options: HttpConnectionOptions;
  readonly #head: string;
  #socket: Socket | undefined;
  #received: Buffer = EMPTY;
  #unsent: Buffer | undefined;
  #closed = false;

  constructor(options: HttpConnectionOptions) {
    this.#options = options;
    const { url, token } = options;
    this.#head = ` HTTP/1.1\r\nhost: ${url.host}\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n`;
  }

  async connect(): Promise<void> {
    const { url } = this.#options;
    const secure = url.protocol === "https:";
    this.#socket = await Bun.connect({
      hostname: url.hostname.replaceAll(/^\[|\]$/g, ""),
      port: Number(url.port === "" ? (secure ? 443 : 80) : url.port),
      ...(secure ? { tls: true } : {}),
      socket: {
        data: (_, bytes) => this.#data(bytes),
        drain: () => this.#drain(),
        close: () => this.#end("the server closed the connection"),
        error: (_, error) => this.#end(error.message),
      },
    });
  }

  /** @param body ASCII, so that its characters are its bytes */
  post(path: string, body: string): void {
    this.#write(Buffer.from(`POST ${path}${this.#head}content-length: ${body.length}\r\n\r\n${body}`, "latin1"));
  }

  close(): void {
    this.#closed = true;
    this.#socket?.end();
  }

  #write(bytes: Buffer): void {
    const written = this.#socket?.write(bytes) ?? 0;
    if (written < bytes.length) this.#unsent = bytes.subarray(Math.max(written, 0));
  }

  #drain(): void {
    const unsent = this.#unsent;
    this.#unsent = undefined;
    if (unsent !== undefined) this.#write(unsent);
  }

  #data(chunk: Buffer): void {
    const bytes = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const headEnd = bytes.indexOf(HEAD_END);
    const start = headEnd + HEAD_END.length;
    const length = headEnd === -1 ? undefined : contentLength(bytes.toString("latin1", 0, headEnd));
    if (length === undefined || bytes.length < start + length) {
      // What came is only valid during this call.
      this.#received = bytes === chunk ? Buffer.from(bytes) : bytes;
      return;
    }
    this.#received = EMPTY;
    const status = Number(bytes.toString("latin1", 9, 12));
    this.#options.onAnswer({ status, bytes, start, end: start + length });
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.onEnd(reason);
  }
}

const EMPTY = Buffer.alloc(0);
const HEAD_END = Buffer.from("\r\n\r\n");

function contentLength(head: string): number {
  return Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
}
