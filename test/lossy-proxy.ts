import { connect, createServer, type Server, type Socket } from "node:net";

/** Stands between clients and a server, counts what passes, and can lose what the server says. */
export class LossyProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [client: Socket, server: Socket]>();
  #deaf = false;
  #connections = 0;
  #answers = 0;
  #onAnswer = Promise.withResolvers<void>();

  private constructor(serverPort: number) {
    this.#server = createServer((client) => this.#join(client, connect({ host: "127.0.0.1", port: serverPort })));
  }

  static async open(serverPort: number): Promise<LossyProxy> {
    const proxy = new LossyProxy(serverPort);
    const { promise, resolve } = Promise.withResolvers<void>();
    proxy.#server.listen(0, "127.0.0.1", resolve);
    await promise;
    return proxy;
  }

  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy does not listen");
    return `127.0.0.1:${address.port}`;
  }

  /** Made so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Until the server has said something so many times more. */
  async answers(count: number): Promise<void> {
    const enough = this.#answers + count;
    while (this.#answers < enough) await this.#onAnswer.promise;
  }

  /** From now on nothing the server says arrives. */
  loseAnswers(): void {
    this.#deaf = true;
  }

  /** Breaks the connections there are. New ones work. */
  cut(): void {
    this.#deaf = false;
    for (const sockets of this.#pairs) for (const socket of sockets) socket.destroy();
    this.#pairs.clear();
  }

  /** Takes no connection any more, too. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.cut();
    await promise;
  }

  #join(client: Socket, server: Socket): void {
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    this.#connections += 1;
    client.on("data", (bytes) => server.write(bytes));
    server.on("data", (bytes) => {
      this.#answers += 1;
      this.#onAnswer.resolve();
      this.#onAnswer = Promise.withResolvers<void>();
      if (!this.#deaf) client.write(bytes);
    });
    for (const socket of pair) {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        client.destroy();
        server.destroy();
        this.#pairs.delete(pair);
      });
    }
  }
}
