import { expect, test } from "bun:test";
import { Client, credentials } from "@grpc/grpc-js";
import type { ReceivedTask, SettledTask } from "codeq/client";
import { ProducerEvent, ServerEvent } from "../../proto/generated/producer.ts";
import { createMessage } from "../../src/server/grpc/grpc-fixture.ts";
import { attributeOf, Collector } from "../../src/server/tracing/collector-fixture.ts";
import { Arrivals, SdkServer } from "../sdk-server.ts";
import { ServerProcess, TemporaryDirectory } from "../server-process.ts";
import { freePort } from "./free-port.ts";

const PRODUCER_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const WORKER_TRACE = "a0000000000000000000000000000001";
const AUTHORIZATION = "Bearer dev-token";

test("defect 59: the compiled server sends what happened to a task, in the trace of its producer", async () => {
  await using collector = new Collector();
  using directory = new TemporaryDirectory();
  const env = {
    TRACING_ENABLED: "true",
    TRACING_OTLP_ENDPOINT: `127.0.0.1:${collector.port}`,
    OTEL_SERVICE_NAME: "queue",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=test",
    OTEL_EXPORTER_OTLP_HEADERS: "x-collector-key=secret",
  };
  await using server = await ServerProcess.start({ dataDir: directory.path, env });
  const created = await call(server.url, "/tasks", PRODUCER_TRACE, { command: "SEND", payload: {} });
  expect(created["traceParent"]).toStartWith(`00-${PRODUCER_TRACE}-`);
  expect(created["traceState"]).toBe("vendor=1");
  const claimed = await call(server.url, "/tasks/claim", WORKER_TRACE, { commands: ["SEND"] });
  const { id, traceParent } = claimed;
  expect(traceParent).toStartWith(`00-${PRODUCER_TRACE}-`);
  expect(traceParent).not.toBe(created["traceParent"]);
  // The worker goes on in the trace of the task.
  await call(server.url, `/tasks/${String(id)}/result`, PRODUCER_TRACE, { status: "COMPLETED" });
  await fetch(`${server.url}/metrics`);
  expect(await server.end("SIGTERM")).toBe(0);

  const inTrace = collector.spans.filter(({ traceId }) => traceId === PRODUCER_TRACE).map(({ name }) => name);
  expect(inTrace.toSorted()).toEqual([
    "HTTP POST /v1/codeq/tasks",
    "HTTP POST /v1/codeq/tasks/:id/result",
    "codeq.task.claim",
    "codeq.task.create",
    "codeq.task.submit_result",
  ]);
  const claimRequest = collector.named("HTTP POST /v1/codeq/tasks/claim");
  expect(claimRequest.traceId).toBe(WORKER_TRACE);
  expect(collector.named("codeq.task.claim").links).toMatchObject([
    { traceId: WORKER_TRACE, spanId: claimRequest.spanId },
  ]);
  expect(attributeOf(claimRequest, "http.status_code")).toBe(200);
  expect(collector.spans).toHaveLength(6);
  expect(Object.fromEntries(collector.resource)).toMatchObject({
    "service.name": "queue",
    "deployment.environment": "test",
  });
  expect(collector.headers[0]?.get("x-collector-key")).toBe("secret");
});

test("defect 59: a trace that a producer sends along on a stream is that of its task", async () => {
  await using collector = new Collector();
  using directory = new TemporaryDirectory();
  const grpcPort = String(freePort());
  const flags = ["--tracing", "--tracing-endpoint", `127.0.0.1:${collector.port}`, "--grpc-port", grpcPort];
  await using server = await ServerProcess.start({ dataDir: directory.path, flags });
  const traceParent = `00-${PRODUCER_TRACE}-00f067aa0ba902b7-01`;
  await createOnStream(`127.0.0.1:${grpcPort}`, { command: "SEND", traceParent, traceState: "vendor=1" });
  const claimed = await call(server.url, "/tasks/claim", WORKER_TRACE, { commands: ["SEND"] });
  expect(claimed["traceParent"]).toStartWith(`00-${PRODUCER_TRACE}-`);
  expect(claimed["traceState"]).toBe("vendor=1");
  expect(await server.end("SIGTERM")).toBe(0);
  expect(collector.named("codeq.task.create")).toMatchObject({
    traceId: PRODUCER_TRACE,
    parentSpanId: "00f067aa0ba902b7",
  });
});

test("a trace outlives the server that began it, and reaches a worker on a stream", async () => {
  await using collector = new Collector();
  const flags = ["--tracing", "--tracing-endpoint", `127.0.0.1:${collector.port}`];
  await using server = await SdkServer.start(...flags);
  const trace = { traceParent: `00-${PRODUCER_TRACE}-00f067aa0ba902b7-01`, traceState: "vendor=1" };
  const client = server.client();
  {
    await using producer = server.producer();
    await producer.create({ command: "SEND", payload: 1, ...trace });
    const { task } = await client.create({ command: "SEND", payload: 2, ...trace });
    expect([task.traceParent?.slice(0, 36), task.traceState]).toEqual([`00-${PRODUCER_TRACE}-`, "vendor=1"]);
    await client.createMany([{ command: "SEND", payload: 3, ...trace }]);
    const mixed = [
      { command: "SEND", payload: 4, ...trace },
      { command: "SEND", payload: 5 },
    ];
    expect(client.createMany(mixed)).rejects.toThrow("tasks created in one REST request belong to one trace");
  }
  await server.process.end("SIGKILL");
  await server.restart();
  const seen: ReceivedTask[] = [];
  const settled = new Arrivals<SettledTask>();
  await using worker = server.worker({
    commands: ["SEND"],
    handler: (task) => {
      seen.push(task);
      return {};
    },
    onSettled: settled.add,
  });
  void worker.run();
  await settled.atLeast(3);
  await worker.close();
  expect(seen.map(({ payload }) => payload)).toEqual([1, 2, 3]);
  expect(await server.process.end("SIGTERM")).toBe(0);
  const claims = collector.spans.filter(({ name }) => name === "codeq.task.claim");
  expect(claims.map(({ traceId }) => traceId)).toEqual(Array(3).fill(PRODUCER_TRACE));
  expect(seen.map(({ traceParent }) => traceParent)).toEqual(
    claims.map(({ spanId }) => `00-${PRODUCER_TRACE}-${spanId}-01`),
  );
  expect(seen.map(({ traceState }) => traceState)).toEqual(Array(3).fill("vendor=1"));
  const results = collector.spans.filter(({ name }) => name === "codeq.task.submit_result");
  expect(results.map(({ traceId }) => traceId)).toEqual(Array(3).fill(PRODUCER_TRACE));
});

test("traces go to the address of traces to the letter, and are kept back as the standard variables say", async () => {
  await using collector = new Collector();
  using directory = new TemporaryDirectory();
  const endpoint = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${collector.port}/in` };
  for (const [variables, paths] of [
    [{ TRACING_ENABLED: "true" }, ["/in"]],
    [{ TRACING_ENABLED: "true", OTEL_TRACES_SAMPLER: "always_off" }, []],
    [{ TRACING_ENABLED: "true", OTEL_SDK_DISABLED: "true" }, []],
    [{ TRACING_ENABLED: "true", OTEL_TRACES_EXPORTER: "none" }, []],
  ] as const) {
    collector.paths.length = 0;
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1", ...endpoint, ...variables };
    await using server = await ServerProcess.start({ dataDir: directory.path, env });
    await call(server.url, "/tasks", PRODUCER_TRACE, { command: "SEND", payload: {} });
    expect(await server.end("SIGTERM")).toBe(0);
    expect({ variables, paths: [...collector.paths] }).toEqual({ variables, paths: [...paths] });
  }
});

test("tracing is off unless asked for: no context in answers, nothing sent, whatever the endpoint says", async () => {
  await using collector = new Collector();
  using directory = new TemporaryDirectory();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}` };
  const grpcPort = String(freePort());
  await using server = await ServerProcess.start({ dataDir: directory.path, env, flags: ["--grpc-port", grpcPort] });
  const created = await call(server.url, "/tasks", PRODUCER_TRACE, { command: "SEND", payload: {} });
  expect(Object.keys(created)).not.toContain("traceParent");
  const traceParent = `00-${PRODUCER_TRACE}-00f067aa0ba902b7-01`;
  await createOnStream(`127.0.0.1:${grpcPort}`, { command: "STREAMED", traceParent });
  const claimed = await call(server.url, "/tasks/claim", WORKER_TRACE, { commands: ["STREAMED"] });
  expect(Object.keys(claimed)).not.toContain("traceParent");
  expect(await server.end("SIGTERM")).toBe(0);
  expect(collector.headers).toEqual([]);
});

test("a collector that is not there neither keeps the server from working nor from ending", async () => {
  using directory = new TemporaryDirectory();
  const flags = ["--tracing", "--tracing-endpoint", "127.0.0.1:1"];
  await using server = await ServerProcess.start({ dataDir: directory.path, flags });
  await call(server.url, "/tasks", PRODUCER_TRACE, { command: "SEND", payload: {} });
  expect(await server.end("SIGTERM")).toBe(0);
  expect(await server.output()).toContain("traces cannot be sent");
}, 30_000);

test("traces that cannot be sent do not keep the server beyond its grace", async () => {
  // It takes connections and never answers.
  const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  using directory = new TemporaryDirectory();
  const flags = ["--tracing", "--tracing-endpoint", `127.0.0.1:${silent.port}`, "--shutdown-grace", "100ms"];
  await using server = await ServerProcess.start({ dataDir: directory.path, flags });
  await call(server.url, "/tasks", PRODUCER_TRACE, { command: "SEND", payload: {} });
  expect(await server.end("SIGTERM")).toBe(0);
  silent.stop(true);
  // It did not wait to find out.
  expect(await server.output()).not.toContain("traces cannot be sent");
});

test.each([
  ["--tracing-endpoint", "ftp://collector"],
  ["--tracing-traces-endpoint", "collector:4318"],
  ["--tracing-protocol", "grpc"],
])("%s %s is refused by name", async (flag, value) => {
  using directory = new TemporaryDirectory();
  const { code, errors } = await ServerProcess.fail({ dataDir: directory.path, flags: ["--tracing", flag, value] });
  expect(code).toBe(2);
  expect(errors).toContain(flag);
  expect(errors).toContain(value);
});

/** Resolves when the task is acknowledged. */
async function createOnStream(address: string, task: Parameters<typeof createMessage>[1]): Promise<void> {
  const client = new Client(address, credentials.createInsecure());
  const stream = client.makeBidiStreamRequest(
    "/producerpb.ProducerStream/Stream",
    (event: ProducerEvent) => Buffer.from(ProducerEvent.encode(event).finish()),
    (bytes) => ServerEvent.decode(bytes),
  );
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  stream.on("data", ({ event }: ServerEvent) => {
    if (event?.$case === "createAck") resolve(event.value.ok);
    else if (event?.$case !== "helloAck") reject(new Error(JSON.stringify(event)));
  });
  stream.on("error", reject);
  stream.write({ event: { $case: "hello", value: { token: "dev-token" } } });
  stream.write({ event: { $case: "create", value: createMessage(1, task) } });
  try {
    expect(await promise).toBe(true);
  } finally {
    client.close();
  }
}

async function call(url: string, path: string, trace: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/v1/codeq${path}`, {
    method: "POST",
    headers: {
      authorization: AUTHORIZATION,
      traceparent: `00-${trace}-00f067aa0ba902b7-01`,
      tracestate: "vendor=1",
    },
    body: JSON.stringify(body),
  });
  expect(response.ok).toBe(true);
  // Answers of the API are objects.
  return (await response.json()) as Record<string, unknown>;
}
