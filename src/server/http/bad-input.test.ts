import { describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import fc from "fast-check";
import { MemoryStore } from "../store/memory-store.ts";
import { bearer, TestServer, twoTenants } from "./http-fixture.ts";

const ID = "019f7f65-b6fa-7000-800f-7e60ae5690d1";

/** Every route that reads a body; `{}` is a body that most of them can read. */
const BODY_ROUTES = [
  "/tasks",
  "/tasks/batch",
  "/tasks/claim",
  "/tasks/claim/batch",
  `/tasks/${ID}/heartbeat`,
  `/tasks/${ID}/nack`,
  `/tasks/${ID}/result`,
  "/tasks/batch/results",
  "/admin/tasks/cleanup",
] as const;

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

const BAD_BODIES: readonly (readonly [name: string, body: string | Uint8Array])[] = [
  ["nothing but space", " \n"],
  ["an array", "[]"],
  ["null", "null"],
  ["a number", "1"],
  ["cut off", '{"command":"c","payload":{"a":1'],
  ["trailing garbage", '{"command":"c","payload":1,"count":1}x'],
  ["two values", "{}{}"],
  ["a byte order mark", new Uint8Array([0xef, 0xbb, 0xbf, ...utf8("{}")])],
  ["invalid UTF-8", new Uint8Array([...utf8('{"command":"'), 0xff, 0xfe, ...utf8('","payload":1}')])],
  ["overlong UTF-8", new Uint8Array([...utf8('{"command":"'), 0xc0, 0x80, ...utf8('","payload":1}')])],
  ["a surrogate in UTF-8", new Uint8Array([...utf8('{"command":"'), 0xed, 0xa0, 0x80, ...utf8('","payload":1}')])],
  ["a raw NUL", '{"command":"a\u0000b","payload":1}'],
  ["NUL bytes", new Uint8Array(100)],
  ["UTF-16", new Uint8Array(Buffer.from('{"command":"c"}', "utf16le"))],
  ["depth", `{"command":"c","x":${"[".repeat(100_000)}${"]".repeat(100_000)}}`],
  ["unfinished depth", '{"a":'.repeat(100_000)],
  ["a duplicate key", '{"command":"c","payload":1,"x":1,"x":2}'],
  ["__proto__", '{"command":"c","payload":1,"count":1,"status":"COMPLETED","__proto__":{"admin":true}}'],
  ["an escaped __proto__", '{"\\u005f\\u005fproto__":{"command":"c","payload":1}}'],
];

describe.each(BODY_ROUTES)("%s", (path) => {
  test.each(BAD_BODIES)("%s is a 400 with a code, and nothing changes", async (_, body) => {
    await using server = new TestServer(new MemoryStore([1, 2]));
    const answer = await server.post(path, body);
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ code: "INVALID_ARGUMENT", requestId: expect.any(String) });
    expect(answer.member("error")).toMatch(/^invalid (request )?body$/);
    expect(answer.member("detail")).not.toBe("");
    expect(await server.queue.stats(undefined, undefined)).toEqual([]);
  });

  test("defect 36: a body over the limit is a 413 that gives both sizes, whether its length is told beforehand or not", async () => {
    await using server = new TestServer(new MemoryStore([1, 2]), { limits: { bodyBytesMax: 1000 } });
    const told = await server.post(path, `{"x":"${"y".repeat(1000)}"}`);
    expect([told.status, told.member("code")]).toEqual([413, "PAYLOAD_TOO_LARGE"]);
    expect(told.member("error")).toBe("request body of 1008 bytes is over the limit of 1000 bytes");
    const untold = await postChunks(
      server,
      path,
      Array.from({ length: 30 }, () => "z".repeat(100)),
    );
    expect([untold.status, untold.headers.get("content-type")]).toEqual([413, "application/json; charset=utf-8"]);
  });

  test("a compressed body is a 415", async () => {
    await using server = new TestServer(new MemoryStore([1, 2]));
    const answer = await server.post(path, Bun.gzipSync(utf8("{}")), { "content-encoding": "gzip" });
    expect([answer.status, answer.member("code")]).toEqual([415, "UNSUPPORTED_MEDIA_TYPE"]);
  });

  test.each([undefined, "", "Basic ZGV2", "Bearer nope", "Bearer \u00e9"])(
    "authorization %p is a 401 whatever the body",
    async (header) => {
      await using server = new TestServer(new MemoryStore([1, 2]));
      const answer = await server.post(path, "{", { authorization: header ?? "" });
      expect([answer.status, answer.member("code")]).toEqual([401, "UNAUTHENTICATED"]);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    },
  );
});

/** Sixteen bodies of this size may be in memory, eight of one tenant. */
const LIMITS = { bodyBytesMax: 400_000 };
/** Too large to be let in without looking whether there is room. */
const MANY_COMMANDS = { commands: ["c"], x: "y".repeat(10_000) };
const DECLARED = "Content-Length: 400000\r\n\r\n";
const UNKNOWN = "Transfer-Encoding: chunked\r\n\r\n61a80\r\n";

test.each([
  ["declared", DECLARED],
  ["unknown", UNKNOWN],
])("bodies under way of %s length are bounded, and others are told to come back", async (_, head) => {
  await using server = new TestServer(new MemoryStore([1, 2]), { limits: LIMITS });
  const slow = Array.from({ length: 8 }, () => startBody(server, head, 399_999));
  let refused = await server.post("/tasks/claim", MANY_COMMANDS);
  // Until the last of them has been noticed.
  while (refused.status === 204) refused = await server.post("/tasks/claim", MANY_COMMANDS);
  expect([refused.status, refused.member("code"), refused.headers.get("retry-after")]).toEqual([
    503,
    "RESOURCE_EXHAUSTED",
    "1",
  ]);
  expect((await server.post("/tasks/claim", {})).status).toBe(204);
  expect(await Promise.all(slow.map((body) => body.finish()))).toEqual(slow.map(() => "HTTP/1.1 400"));
  expect((await server.post("/tasks/claim", MANY_COMMANDS)).status).toBe(204);
});

test("the bodies of one tenant leave room for those of others", async () => {
  await using server = new TestServer(new MemoryStore([1, 2]), { limits: LIMITS, authenticators: twoTenants() });
  const slow = Array.from({ length: 20 }, () => startBody(server, DECLARED, 399_999, "a-producer"));
  const create = (token: string) =>
    server.post("/tasks", { command: "c", payload: "x".repeat(300_000) }, bearer(token));
  while ((await create("a-producer")).status === 202);
  expect((await create("b-producer")).status).toBe(202);
  for (const { socket } of slow) socket.destroy();
});

test.each([
  ["declared", DECLARED],
  ["unknown", UNKNOWN],
])("bodies of %s length that are announced and do not come take no room", async (_, head) => {
  await using server = new TestServer(new MemoryStore([1, 2]), { limits: LIMITS });
  const announced = await Promise.all(Array.from({ length: 50 }, () => announceBody(server, head)));
  expect((await server.post("/tasks/claim", MANY_COMMANDS)).status).toBe(204);
  for (const socket of announced) socket.destroy();
});

test.each([
  ["declared", DECLARED],
  ["unknown", UNKNOWN],
])("a client that goes away in the middle of its body of %s length leaves room for others", async (_, head) => {
  await using server = new TestServer(new MemoryStore([1, 2]), { limits: LIMITS });
  const sockets = Array.from({ length: 8 }, () => startBody(server, head, 399_999).socket);
  while ((await server.post("/tasks/claim", MANY_COMMANDS)).status === 204);
  for (const socket of sockets) socket.destroy();
  while ((await server.post("/tasks/claim", MANY_COMMANDS)).status === 503);
  expect(await server.queue.stats(undefined, undefined)).toEqual([]);
});

test("a body in chunks is read like any other", async () => {
  await using server = new TestServer(new MemoryStore([1, 2]));
  const response = await postChunks(server, "/tasks", ['{"comm', 'and":"c","pay', 'load": "é', '😀"}']);
  expect(response.status).toBe(202);
  expect(await response.json()).toMatchObject({ payload: '"é😀"' });
});

test.each([
  ["/tasks", `{"command":"c","payload":1,"x":[${"1,".repeat(100_000)}1]}`, "PAYLOAD_TOO_LARGE", 413],
  ["/tasks/claim", `{"commands":[${'"a",'.repeat(100_000)}"a"]}`, "PAYLOAD_TOO_LARGE", 413],
  ["/tasks/batch", `{"tasks":[${"{},".repeat(100_000)}{}]}`, "INVALID_ARGUMENT", 400],
  ["/tasks/batch/results", `{"results":[${"{},".repeat(100_000)}{}]}`, "INVALID_ARGUMENT", 400],
])("a body of more values than a request of %s can need is refused", async (path, body, code, status) => {
  await using server = new TestServer(new MemoryStore([1, 2]));
  const answer = await server.post(path, body);
  expect([answer.status, answer.member("code")]).toEqual([status, code]);
});

test("a payload may hold any number of values, and comes back as it came", async () => {
  await using server = new TestServer(new MemoryStore([1, 2]));
  const payload = `[${"1.50, ".repeat(120_000)}1]`;
  expect((await server.post("/tasks", `{"command":"c","payload":${payload}}`)).status).toBe(202);
  expect((await server.post("/tasks/claim", {})).member("payload")).toBe(payload);
});

test.each([
  ["command", '{"command":"a\\ud800","payload":1}'],
  ["idempotencyKey", '{"command":"c","payload":1,"idempotencyKey":"\\udc00"}'],
  ["webhook", '{"command":"c","payload":1,"webhook":"http://x/\\ud800"}'],
])("a lone surrogate in %s is a 400 that names it", async (name, body) => {
  await using server = new TestServer(new MemoryStore([1, 2]));
  const answer = await server.post("/tasks", body);
  expect(answer.status).toBe(400);
  expect(answer.member("detail")).toStartWith(`${name}: `);
});

test("whatever the body, the answer is no 5xx, has a code when it refuses, and a refused body changes nothing", async () => {
  const value = fc.oneof(
    fc.constantFrom(
      "null",
      "true",
      "-1",
      "0",
      "1",
      "2.5",
      "1e999",
      "9223372036854775808",
      '""',
      '" "',
      '"\\ud800"',
      "[]",
      "{}",
      '"\\u0000"',
    ),
    fc.json({ maxDepth: 2 }),
  );
  const names =
    "command payload priority webhook maxAttempts idempotencyKey runAt delaySeconds commands leaseSeconds count " +
    "extendSeconds reason status result error artifacts tasks results limit before taskId __proto__ constructor toString";
  const name = fc.constantFrom(...names.split(" "));
  const object = fc
    .array(fc.tuple(name, value))
    .map((members) => `{${members.map(([key, json]) => `"${key}":${json}`).join(",")}}`);
  const batch = fc
    .tuple(fc.constantFrom("tasks", "results"), fc.array(fc.oneof(object, value)))
    .map(([list, items]) => `{"${list}":[${items.join(",")}]}`);
  const bytes = fc.uint8Array({ maxLength: 50 });
  await using server = new TestServer(new MemoryStore([1, 2]));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...BODY_ROUTES),
      fc.oneof(object, batch, fc.string(), bytes),
      async (path, body) => {
        const before = await server.queue.stats(undefined, undefined);
        const answer = await server.post(path, body);
        expect(answer.status).toBeLessThan(500);
        if (answer.status < 400) return;
        expect(answer.member("code")).toMatch(/^[A-Z_]+$/);
        expect(await server.queue.stats(undefined, undefined)).toEqual(before);
      },
    ),
    { numRuns: 1000 },
  );
}, 30_000);

/**
 * Sends that many bytes of a body; `finish` sends one more, ends it and waits for the answer.
 * @param head the end of the request's head, and what announces the bytes
 */
function startBody(
  server: TestServer,
  head: string,
  bytes: number,
  token = "dev-token",
): { socket: Socket; finish(): Promise<string> } {
  const answer = Promise.withResolvers<string>();
  const socket = connect(server.http.port, "127.0.0.1", () => socket.write(headOf(token) + head + "x".repeat(bytes)));
  socket.once("data", (chunk) => answer.resolve(chunk.toString().slice(0, 12)));
  socket.on("error", () => undefined);
  const finish = (): Promise<string> => {
    socket.write(head.startsWith("Transfer") ? "x\r\n0\r\n\r\n" : "x");
    return answer.promise;
  };
  return { socket, finish };
}

/** Sends the head of a request and the first byte of its body, when the server says that it waits for it. */
function announceBody(server: TestServer, head: string): Promise<Socket> {
  const asked = Promise.withResolvers<Socket>();
  const start = `${headOf("dev-token")}Expect: 100-continue\r\n${head}`;
  const socket = connect(server.http.port, "127.0.0.1", () => socket.write(start));
  socket.once("data", () => {
    socket.write("x");
    asked.resolve(socket);
  });
  return asked.promise;
}

function headOf(token: string): string {
  return `POST /v1/codeq/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n`;
}

/** Without a `Content-Length`. */
function postChunks(server: TestServer, path: string, chunks: readonly string[]): Promise<Response> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(utf8(chunk));
      controller.close();
    },
  });
  return fetch(`${server.http.url}/v1/codeq${path}`, {
    method: "POST",
    headers: { authorization: "Bearer dev-token" },
    body,
  });
}
