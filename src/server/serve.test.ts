import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { CodeqProcess, listening, serveProcess, TemporaryDirectory } from "./process-fixture.ts";
import { CERTIFICATE, OTHER_PRIVATE_KEY, PRIVATE_KEY } from "./tls-fixture.ts";

// Processes start slowly on a machine that is busy with other tests.
setDefaultTimeout(60_000);

const DEV = { authorization: "Bearer dev-token" };

let directory: TemporaryDirectory;
beforeEach(() => {
  directory = new TemporaryDirectory();
});
afterEach(() => directory[Symbol.dispose]());

function create(
  url: string,
  fields: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = DEV,
) {
  const body = JSON.stringify({ command: "SEND", payload: { n: 1 }, ...fields });
  return fetch(`${url}/v1/codeq/tasks`, { method: "POST", headers, body });
}

function claim(url: string, fields: Readonly<Record<string, unknown>> = {}) {
  const body = JSON.stringify({ commands: ["SEND"], ...fields });
  return fetch(`${url}/v1/codeq/tasks/claim`, { method: "POST", headers: DEV, body });
}

/** Answers once the gauge says that a claim waits. */
async function claimWaits(url: string): Promise<void> {
  for (;;) {
    const page = await (await fetch(`${url}/metrics`)).text();
    if (page.includes('codeq_waiters{kind="claims"} 1')) return;
  }
}

const SLOW_BODY = '{"command":"SLOW","payload":{"n":1}}';

const SLOW_HEAD = [
  "POST /v1/codeq/tasks HTTP/1.1",
  "Host: localhost",
  "Authorization: Bearer dev-token",
  `Content-Length: ${SLOW_BODY.length}`,
  "",
  "",
].join("\r\n");

/** A connection on which only the beginning of a request has come: it stays open until the rest comes or time is up. */
async function slowRequest(port: number, beginning = SLOW_HEAD) {
  const { promise: connected, resolve } = Promise.withResolvers<void>();
  const socket = connect({ host: "127.0.0.1", port }, resolve);
  socket.on("error", () => undefined);
  await connected;
  const { promise: written, resolve: onWritten } = Promise.withResolvers<void>();
  socket.write(beginning, () => onWritten());
  await written;
  // Connections are served in the order they came: once this one is answered, the other one is under way.
  await fetch(`http://127.0.0.1:${port}/healthz`);
  return socket;
}

/** Everything the server says on a connection until it closes it. */
function answerOn(socket: Socket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString();
  });
  socket.on("close", () => resolve(text));
  return promise;
}

describe("start", () => {
  test("the listening line tells programs where the server is, and the durability warning what it risks", async () => {
    await using server = serveProcess(directory.at("data"), ["--shards", "2"]);
    const { url, port, dataDir, durability, shards } = await listening(server);
    expect({ dataDir, durability, shards }).toEqual({ dataDir: directory.at("data"), durability: "off", shards: 2 });
    expect(url).toBe(`http://127.0.0.1:${port}`);
    expect(await server.line(/power cut/)).toContain('"level":"warn"');
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect((await create(url)).status).toBe(202);
  });

  test("in text form it shows people a request to paste, which works", async () => {
    await using server = new CodeqProcess([
      "--port",
      "0",
      "--log-format",
      "text",
      "--durability",
      "full",
      "--data-dir",
      directory.at("data"),
    ]);
    expect(await server.line(/listens on/)).toMatch(/^codeq \S+ listens on http:\/\/127\.0\.0\.1:\d+$/);
    expect(await server.line(/^ {2}durability/)).toContain("full: acknowledged tasks survive a power cut");
    expect(await server.line(/^ {2}data/)).toContain(directory.at("data"));
    const command = (await server.line(/^ {2}try/)).replace(/^ {2}try +/, "");
    const answer = Bun.spawnSync(["sh", "-c", command.replace("curl", "curl -s")]).stdout.toString();
    expect(JSON.parse(answer)).toMatchObject({ command: "HELLO", tenantId: "dev-tenant", status: "PENDING" });
  });

  test("an address in use: exit 3, and the data directory is not touched", async () => {
    const other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
    await using server = serveProcess(directory.at("data"), ["--port", String(other.port)]);
    const { code, stderr } = await server.end();
    other.stop(true);
    expect(code).toBe(3);
    expect(stderr).toBe(
      `codeq: cannot listen on 127.0.0.1:${other.port}: another program listens there; stop it, or choose another --port\n`,
    );
    expect(existsSync(directory.at("data"))).toBe(false);
  });

  test("a second server on the same data directory: exit 4, and the first goes on", async () => {
    await using first = serveProcess(directory.at("data"));
    const { url } = await listening(first);
    await using second = serveProcess(directory.at("data"));
    const { code, stderr } = await second.end();
    expect(code).toBe(4);
    expect(stderr).toMatch(/^codeq: .*data.*\n$/);
    expect(stderr).toContain("another");
    expect((await create(url)).status).toBe(202);
  });

  test("a data directory that cannot be made: exit 4, named", async () => {
    await Bun.write(directory.at("file"), "");
    await using server = serveProcess(directory.at("file/data"));
    const { code, stderr } = await server.end();
    expect(code).toBe(4);
    expect(stderr).toMatch(/^codeq: .*\n$/);
    expect(stderr).toContain(directory.at("file/data"));
  });

  test("a damaged file: exit 5, named, and left as it is", async () => {
    await mkdir(directory.at("data"));
    const path = directory.at("data/shard-00.sqlite");
    await Bun.write(path, "this is no database".repeat(1000));
    await using server = serveProcess(directory.at("data"));
    const { code, stderr } = await server.end();
    expect(code).toBe(5);
    expect(stderr).toMatch(/^codeq: .*\n$/);
    expect(stderr).toContain("shard-00.sqlite");
    expect(await Bun.file(path).text()).toStartWith("this is no database");
  });

  test.each<[string, string, string, string]>([
    ["a certificate that is not there", "nowhere.pem", "key.pem", "cannot be read"],
    ["a certificate that is none", "key.pem", "key.pem", "holds no PEM certificate"],
    ["a key that is none", "cert.pem", "cert.pem", "holds no PEM private key"],
    ["a key of another certificate", "cert.pem", "other.pem", "is not the private key"],
  ])("%s: exit 2", async (_, cert, key, message) => {
    await Bun.write(directory.at("cert.pem"), CERTIFICATE);
    await Bun.write(directory.at("key.pem"), PRIVATE_KEY);
    await Bun.write(directory.at("other.pem"), OTHER_PRIVATE_KEY);
    const tls = ["--tls-cert", directory.at(cert), "--tls-key", directory.at(key)];
    await using server = serveProcess(directory.at("data"), tls);
    const { code, stderr } = await server.end();
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(existsSync(directory.at("data"))).toBe(false);
  });

  test("with a certificate it speaks HTTPS, and the health check believes its own server", async () => {
    await Bun.write(directory.at("cert.pem"), CERTIFICATE);
    await Bun.write(directory.at("key.pem"), PRIVATE_KEY);
    const tls = ["--tls-cert", directory.at("cert.pem"), "--tls-key", directory.at("key.pem")];
    await using server = serveProcess(directory.at("data"), tls);
    const { url, port } = await listening(server);
    expect(url).toBe(`https://127.0.0.1:${port}`);
    const answer = await fetch(`${url}/healthz`, { tls: { ca: CERTIFICATE } });
    expect(await answer.json()).toMatchObject({ durability: "off" });
    const env = {
      PORT: String(port),
      CODEQ_TLS_CERT: directory.at("cert.pem"),
      CODEQ_TLS_KEY: directory.at("key.pem"),
    };
    await using check = new CodeqProcess(["healthcheck"], env);
    expect((await check.end()).code).toBe(0);
  });
});

describe("end", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "%s ends waits, drains and exits 0; what was acknowledged is there again",
    async (signal) => {
      await using server = serveProcess(directory.at("data"));
      const { url, port } = await listening(server);
      expect((await create(url, { command: "LATER" })).status).toBe(202);
      const waiting = claim(url, { waitSeconds: 30 });
      await claimWaits(url);
      server.process.kill(signal);
      expect((await waiting).status).toBe(204);
      const { code, stdout, stderr } = await server.end();
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain('"msg":"drained"');
      expect(await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => "refused")).toBe("refused");

      await using again = serveProcess(directory.at("data"));
      const restarted = await listening(again);
      expect(await (await claim(restarted.url, { commands: ["LATER"] })).json()).toMatchObject({ command: "LATER" });
    },
  );

  test("a request under way at the signal is answered, and what it created is there again", async () => {
    await using server = serveProcess(directory.at("data"));
    const { port } = await listening(server);
    const socket = await slowRequest(port);
    const answer = answerOn(socket);
    server.process.kill("SIGTERM");
    await server.line(/"msg":"draining"/);
    socket.write(SLOW_BODY);
    expect(await answer).toStartWith("HTTP/1.1 202 ");
    const { code, stdout } = await server.end();
    expect(code).toBe(0);
    expect(stdout).not.toContain("grace period");
    await using again = serveProcess(directory.at("data"));
    expect((await claim((await listening(again)).url, { commands: ["SLOW"] })).status).toBe(200);
  });

  test("while it drains the server says that it is not ready", async () => {
    await using server = serveProcess(directory.at("data"));
    const { port } = await listening(server);
    const socket = await slowRequest(port, "GET /readyz HTTP/1.1\r\nHost: localhost\r\n");
    const answer = answerOn(socket);
    server.process.kill("SIGTERM");
    await server.line(/"msg":"draining"/);
    socket.write("\r\n");
    expect(await answer).toMatch(/^HTTP\/1\.1 503 [^]*"reasons":\["draining"\]/);
    expect((await server.end()).code).toBe(0);
  });

  test("a request that does not end holds the exit for the grace period only", async () => {
    await using server = serveProcess(directory.at("data"), ["--shutdown-grace", "200ms"]);
    const { port } = await listening(server);
    const socket = await slowRequest(port);
    server.process.kill("SIGTERM");
    const { code, stdout } = await server.end();
    socket.destroy();
    expect(code).toBe(0);
    expect(stdout).toContain("requests were still running at the end of the grace period");
  });

  test.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("a second signal, %s, exits at once with %d", async (second, expected) => {
    await using server = serveProcess(directory.at("data"), ["--shutdown-grace", "1h"]);
    const { port } = await listening(server);
    const socket = await slowRequest(port);
    server.process.kill("SIGTERM");
    await server.line(/"msg":"draining"/);
    server.process.kill(second);
    expect((await server.end()).code).toBe(expected);
    socket.destroy();
  });

  test("defect 8: kill -9 loses nothing that was acknowledged, and the next start needs no repair", async () => {
    await using server = serveProcess(directory.at("data"));
    const { url } = await listening(server);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => create(url, { payload: { n } })));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 202));
    server.process.kill("SIGKILL");
    await server.end();
    await using again = serveProcess(directory.at("data"));
    const restarted = await listening(again);
    const stats = await fetch(`${restarted.url}/v1/codeq/admin/queues/SEND`, { headers: DEV });
    expect(await stats.json()).toMatchObject({ ready: 50 });
  });

  test("a lease and a delay go on across kill -9, and nobody need touch the task for them to end", async () => {
    await using server = serveProcess(directory.at("data"));
    const { url } = await listening(server);
    await create(url, { command: "LEASED" });
    await create(url, { command: "DELAYED", delaySeconds: 1 });
    expect((await claim(url, { commands: ["LEASED"], leaseSeconds: 1 })).status).toBe(200);
    server.process.kill("SIGKILL");
    await server.end();
    await using again = serveProcess(directory.at("data"), ["--backoff", "fixed", "--backoff-base", "1s"]);
    const restarted = await listening(again);
    const [leased, delayed] = await Promise.all(
      ["LEASED", "DELAYED"].map((command) => claim(restarted.url, { commands: [command], waitSeconds: 30 })),
    );
    expect(await leased?.json()).toMatchObject({ command: "LEASED", attempts: 2 });
    expect(await delayed?.json()).toMatchObject({ command: "DELAYED", attempts: 1 });
  });
});

describe("metrics", () => {
  test("a running server counts tasks, commits, refusals and delays, and shows its depth", async () => {
    const rates = ["--rate-limit-producer", "1", "--rate-limit-producer-burst", "2"];
    await using server = serveProcess(directory.at("data"), rates);
    const { url } = await listening(server);
    const statuses = [(await create(url)).status, (await create(url)).status, (await create(url)).status];
    expect(statuses).toEqual([202, 202, 429]);
    let page: string;
    do page = await (await fetch(`${url}/metrics`)).text();
    while (!/^codeq_event_loop_delay_seconds_count [1-9]/m.test(page));
    expect(page).toContain('codeq_task_created_total{command="SEND"} 2\n');
    expect(page).toContain('codeq_queue_depth{command="SEND",queue="ready"} 2\n');
    expect(page).toContain('codeq_rate_limit_hits_total{scope="producer",operation="create_task"} 1\n');
    expect(page).toContain('codeq_http_requests_total{route="/v1/codeq/tasks",method="POST",status="202"} 2\n');
    expect(page).toMatch(/^codeq_commit_operations_count [1-9]/m);
    expect(page).toMatch(/^codeq_store_bytes [1-9]/m);
    expect(page).toMatch(/^codeq_info\{version="[^"]+",commit="[^"]+",durability="off"\} 1$/m);
  });
});

describe("health", () => {
  test("the check for containers says whether the server is ready", async () => {
    await using server = serveProcess(directory.at("data"));
    const { url, port } = await listening(server);
    await using byUrl = new CodeqProcess(["healthcheck", "--url", url]);
    expect((await byUrl.end()).code).toBe(0);
    await using byVariables = new CodeqProcess(["healthcheck"], { PORT: String(port), CODEQ_HOST: "0.0.0.0" });
    expect((await byVariables.end()).code).toBe(0);
    server.process.kill("SIGKILL");
    await server.end();
    await using dead = new CodeqProcess(["healthcheck", "--url", url]);
    const { code, stderr } = await dead.end();
    expect(code).toBe(1);
    expect(stderr).toContain(url);
  });
});

describe("secrets", () => {
  test("tokens appear in no line, at any level, used rightly or wrongly", async () => {
    const token = (name: string): string =>
      JSON.stringify({ token: `${name}-s3cret`, subject: name, raw: { tid: "acme" } });
    const env = {
      PRODUCER_AUTH_PROVIDER: "static",
      PRODUCER_AUTH_CONFIG: token("producer"),
      WORKER_AUTH_PROVIDER: "static",
      WORKER_AUTH_CONFIG: token("worker"),
    };
    await using server = serveProcess(directory.at("data"), ["--log-level", "debug"], env);
    const { url } = await listening(server);
    expect((await create(url, {}, { authorization: "Bearer producer-s3cret" })).status).toBe(202);
    expect((await create(url, {}, { authorization: "Bearer dev-token" })).status).toBe(401);
    expect((await create(`${url}/?token=producer-s3cret`, {}, { authorization: "producer-s3cret" })).status).toBe(405);
    await server.line(/"status":405/);
    server.process.kill("SIGTERM");
    const { code, stdout, stderr } = await server.end();
    expect(code).toBe(0);
    expect(stdout).toContain('"msg":"request"');
    expect(stdout + stderr).not.toContain("s3cret");
  });
});
