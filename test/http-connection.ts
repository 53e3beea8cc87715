import { connect, type Socket } from "node:net";

export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
}

/**
 * One connection, one request after the other, nothing sent twice: what a lost answer means stays clear. (The runtime's
 * own client quietly repeats a request when a kept connection breaks.)
 */
export class HttpConnection implements Disposable {
  readonly #socket: Socket;
  #buffer: Buffer = Buffer.alloc(0);
  #closed = false;
  #lastAnswer = false;
  #changed = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => {
      this.#buffer = Buffer.concat([this.#buffer, typeof bytes === "string" ? Buffer.from(bytes) : bytes]);
      this.#wake();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** @throws Error when nobody listens */
  static open(port: number): Promise<HttpConnection> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpConnection>();
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    socket.once("error", reject);
    socket.once("connect", () => resolve(new HttpConnection(socket)));
    return promise;
  }

  /** No more can be asked: it is closed, or the server said that it will be. */
  get closed(): boolean {
    return this.#closed || this.#lastAnswer;
  }

  /** @throws Error when the connection breaks before the whole answer is there */
  async request(method: string, path: string, token: string, body?: unknown): Promise<Answer> {
    const text = body === undefined ? "" : JSON.stringify(body);
    const length = body === undefined ? "" : `Content-Length: ${Buffer.byteLength(text)}\r\n`;
    this.write(`${method} ${path} HTTP/1.1\r\nHost: codeq\r\nAuthorization: Bearer ${token}\r\n${length}\r\n${text}`);
    return this.answer();
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** No more will be sent; what comes is still read. */
  endWriting(): void {
    this.#socket.end();
  }

  /** The next answer. */
  async answer(): Promise<Answer> {
    for (;;) {
      const answer = this.#take();
      if (answer !== undefined) return answer;
      if (this.#closed) throw new Error("the connection was closed before the answer was there");
      await this.#changed.promise;
    }
  }

  /** Resolves when the other side closes the connection. */
  async gone(): Promise<void> {
    while (!this.#closed) await this.#changed.promise;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  #take(): Answer | undefined {
    const headEnd = this.#buffer.indexOf("\r\n\r\n");
    if (headEnd < 0) return undefined;
    const [statusLine = "", ...lines] = this.#buffer.toString("latin1", 0, headEnd).split("\r\n");
    const headers = new Map(lines.map((line) => [nameIn(line), line.slice(line.indexOf(":") + 1).trim()]));
    const end = headEnd + 4 + Number(headers.get("content-length") ?? 0);
    if (this.#buffer.length < end) return undefined;
    const text = this.#buffer.toString("utf8", headEnd + 4, end);
    this.#lastAnswer = headers.get("connection") === "close";
    this.#buffer = this.#buffer.subarray(end);
    return { status: Number(statusLine.split(" ")[1]), headers, text };
  }
}

function nameIn(line: string): string {
  return line.slice(0, line.indexOf(":")).toLowerCase();
}
