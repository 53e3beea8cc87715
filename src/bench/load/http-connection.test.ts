import { describe, expect, test } from "bun:test";
import type { Socket } from "bun";
import { HttpConnection } from "./http-connection.ts";

interface Answered {
  readonly status: number;
  readonly body: string;
}

/** A connection to a server that does with it what the test says. */
class Connected implements Disposable {
  readonly answers: Answered[] = [];
  readonly ends: string[] = [];
  readonly connection: HttpConnection;
  received = "";
  readonly #listener: Bun.TCPSocketListener<undefined>;
  #socket: Socket | undefined;
  #onChange: () => void = () => undefined;

  constructor() {
    this.#listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => this.#changed(() => (this.#socket = socket)),
        data: (_, bytes) => this.#changed(() => (this.received += bytes.toString("latin1"))),
      },
    });
    this.connection = new HttpConnection({
      url: new URL(`http://127.0.0.1:${this.#listener.port}`),
      token: "secret",
      onAnswer: ({ status, bytes, start, end }) =>
        this.#changed(() => this.answers.push({ status, body: bytes.toString("latin1", start, end) })),
      onEnd: (reason) => this.#changed(() => this.ends.push(reason)),
    });
  }

  static async open(): Promise<Connected> {
    const connected = new Connected();
    await connected.connection.connect();
    await connected.until(() => connected.#socket !== undefined);
    return connected;
  }

  /** Sends these bytes on their own: what was sent before has arrived. */
  async answer(...pieces: readonly string[]): Promise<void> {
    for (const piece of pieces) {
      this.#socket?.write(piece);
      this.#socket?.flush();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  hangUp(): void {
    this.#socket?.end();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onChange = resolve;
      await promise;
    }
  }

  [Symbol.dispose](): void {
    this.connection.close();
    this.#listener.stop(true);
  }

  #changed(change: () => unknown): void {
    change();
    this.#onChange();
  }
}

test("a request has its path, its token and the length of its body", async () => {
  using it = await Connected.open();
  it.connection.post("/a/path", '{"a":1}');
  await it.until(() => it.received.endsWith('{"a":1}'));
  const [head = "", body] = it.received.split("\r\n\r\n");
  expect(head).toStartWith("POST /a/path HTTP/1.1\r\n");
  expect(head.toLowerCase().split("\r\n")).toEqual(
    expect.arrayContaining(["authorization: bearer secret", "content-type: application/json", "content-length: 7"]),
  );
  expect(body).toBe('{"a":1}');
});

test("a body that the socket does not take at once arrives in full", async () => {
  using it = await Connected.open();
  const body = "0123456789".repeat(1_000_000);
  it.connection.post("/", body);
  await it.until(() => it.received.length >= body.length && it.received.endsWith("9"));
  expect(it.received.endsWith(body)).toBe(true);
});

describe("an answer", () => {
  test("comes as its status and body, one after the other", async () => {
    using it = await Connected.open();
    await it.answer("HTTP/1.1 202 Accepted\r\nContent-Length: 4\r\n\r\nbody");
    await it.until(() => it.answers.length === 1);
    await it.answer("HTTP/1.1 429 Too Many\r\ncontent-length:2\r\nretry-after: 1\r\n\r\nno");
    await it.until(() => it.answers.length === 2);
    expect(it.answers).toEqual([
      { status: 202, body: "body" },
      { status: 429, body: "no" },
    ]);
  });

  test("comes once it is complete, whatever the pieces it arrives in", async () => {
    using it = await Connected.open();
    await it.answer("HTTP/1.1 200 OK\r\nconte", "nt-length: 10\r\n", "\r\n", "01234", "56789");
    await it.until(() => it.answers.length === 1);
    await it.answer("HTTP/1.1 201 Created\r\ncontent-length: 3\r\n\r\nabc");
    await it.until(() => it.answers.length === 2);
    expect(it.answers).toEqual([
      { status: 200, body: "0123456789" },
      { status: 201, body: "abc" },
    ]);
  });

  test("may have no body", async () => {
    using it = await Connected.open();
    await it.answer("HTTP/1.1 204 No Content\r\n\r\n");
    await it.until(() => it.answers.length === 1);
    expect(it.answers).toEqual([{ status: 204, body: "" }]);
  });
});

test("a connection that the server closes has ended, with a reason", async () => {
  using it = await Connected.open();
  it.hangUp();
  await it.until(() => it.ends.length > 0);
  expect(it.ends).toEqual(["the server closed the connection"]);
});

test("a connection that we close has not ended of itself", async () => {
  using it = await Connected.open();
  it.connection.close();
  it.hangUp();
  await new Promise((resolve) => setImmediate(resolve));
  expect(it.ends).toEqual([]);
});

test("a server that is not there cannot be connected to", async () => {
  const connected = new Connected();
  connected[Symbol.dispose]();
  const outcome: unknown = await connected.connection.connect().catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(Error);
});
