import { afterAll, beforeAll, expect, test } from "bun:test";
import { HttpConnection } from "./http-connection.ts";
import { membersOf, OneServer } from "./one-server.ts";

/** Bytes no decent client sends. Whatever comes, the others must be served as if nothing were. */

const IDLE = ["--idle", "2s"];

let server: OneServer;
beforeAll(async () => {
  server = await OneServer.start({ flags: IDLE });
});
afterAll(async () => {
  // Nothing of all this was taken for a task, and the server is well.
  expect(await server.status("/readyz")).toBe(200);
  await server[Symbol.asyncDispose]();
});

const HEAD = "POST /v1/codeq/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer dev-token\r\n";
const BODY = '{"command":"C","payload":1}';
const CREATE = `${HEAD}Content-Length: ${BODY.length}\r\n\r\n${BODY}`;

/** The status of the first answer, or "closed" when the connection ends without one. */
async function statusFor(bytes: string): Promise<number | "closed"> {
  using connection = await HttpConnection.open(server.port);
  connection.write(bytes);
  try {
    return (await connection.answer()).status;
  } catch {
    return "closed";
  }
}

function getTask(id: string): string {
  return `GET /v1/codeq/tasks/${id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer dev-token\r\n\r\n`;
}

async function depth(): Promise<unknown> {
  return membersOf(await server.get("/admin/queues/C"))["ready"];
}

test.each([
  ["no HTTP at all", "hello\r\n\r\n"],
  ["a request line that is none", "POST\r\n\r\n"],
  ["TLS where none is spoken", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\r\n\r\n"],
  ["a header without a name", `${HEAD}: x\r\nContent-Length: 0\r\n\r\n`],
  ["a length that is no number", `${HEAD}Content-Length: many\r\n\r\n${BODY}`],
  ["a negative length", `${HEAD}Content-Length: -1\r\n\r\n${BODY}`],
  ["two lengths", `${HEAD}Content-Length: 27\r\nContent-Length: 5\r\n\r\n${BODY}`],
  ["a length and chunks", `${HEAD}Content-Length: 27\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ["a chunk size that is none", `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n${BODY}\r\n0\r\n\r\n`],
  ["a header of a megabyte", `${HEAD}X-Large: ${"x".repeat(2 ** 20)}\r\nContent-Length: 0\r\n\r\n`],
  ["ten thousand headers", `${HEAD}${"X-Many: 1\r\n".repeat(10_000)}Content-Length: 0\r\n\r\n`],
  ["a NUL in a header", `${HEAD}X-Nul: a\u0000b\r\nContent-Length: 0\r\n\r\n`],
  ["a body that is cut off by a new request", `${HEAD}Content-Length: 10\r\n\r\n{"command"`],
])("%s is refused or dropped, and creates nothing", async (_, bytes) => {
  const before = await depth();
  const status = await statusFor(bytes);
  expect(status === "closed" || (status >= 400 && status < 500)).toBe(true);
  expect(await depth()).toBe(before);
});

test("a method nobody has heard of ends the connection, and a known one in the wrong place is answered", async () => {
  expect(await statusFor("FOO /healthz HTTP/1.1\r\nHost: x\r\n\r\n")).toBe("closed");
  expect(await statusFor("PURGE /healthz HTTP/1.1\r\nHost: x\r\n\r\n")).toBe(405);
});

test("requests sent without waiting for answers are answered in their order", async () => {
  using connection = await HttpConnection.open(server.port);
  connection.write(getTask("none") + "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + getTask("none") + CREATE);
  const statuses: number[] = [];
  for (let n = 0; n < 4; n += 1) statuses.push((await connection.answer()).status);
  expect(statuses).toEqual([404, 200, 404, 202]);
});

test("a client that announces its body and waits to be asked for it is served", async () => {
  using connection = await HttpConnection.open(server.port);
  connection.write(`${HEAD}Expect: 100-continue\r\nContent-Length: ${BODY.length}\r\n\r\n`);
  expect((await connection.answer()).status).toBe(100);
  connection.write(BODY);
  expect((await connection.answer()).status).toBe(202);
});

test("a client of HTTP/1.0 is served, and its connection closed", async () => {
  using connection = await HttpConnection.open(server.port);
  connection.write(CREATE.replace("HTTP/1.1", "HTTP/1.0"));
  expect((await connection.answer()).status).toBe(202);
  await connection.gone();
});

test("a client that closes its half after the request still gets the answer", async () => {
  using connection = await HttpConnection.open(server.port);
  connection.write(CREATE);
  connection.endWriting();
  expect((await connection.answer()).status).toBe(202);
});

test("a client that stops in the middle of its header, or of its body, is dropped", async () => {
  using header = await HttpConnection.open(server.port);
  using body = await HttpConnection.open(server.port);
  header.write("POST /v1/codeq/tasks HTTP/1.1\r\nHost: x\r\nX-Slow: ");
  body.write(`${HEAD}Content-Length: 1000\r\n\r\n{`);
  await Promise.all([header.gone(), body.gone()]);
}, 30_000);

test("two thousand idle connections take nothing from the others", async () => {
  const idle = await Promise.all(Array.from({ length: 2000 }, () => HttpConnection.open(server.port)));
  expect(await statusFor(CREATE)).toBe(202);
  for (const connection of idle) connection[Symbol.dispose]();
  expect(await statusFor(CREATE)).toBe(202);
});
