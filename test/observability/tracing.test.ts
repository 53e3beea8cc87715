import { expect, test } from "bun:test";
import { attributeOf, Collector } from "../../src/server/tracing/collector-fixture.ts";
import { ServerProcess, TemporaryDirectory } from "../server-process.ts";

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

test("tracing is off unless asked for: no context in answers, nothing sent, whatever the endpoint says", async () => {
  await using collector = new Collector();
  using directory = new TemporaryDirectory();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}` };
  await using server = await ServerProcess.start({ dataDir: directory.path, env });
  const created = await call(server.url, "/tasks", PRODUCER_TRACE, { command: "SEND", payload: {} });
  expect(Object.keys(created)).not.toContain("traceParent");
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

test("an endpoint that is none is refused by name", async () => {
  using directory = new TemporaryDirectory();
  const flags = ["--tracing", "--tracing-endpoint", "ftp://collector"];
  const { code, errors } = await ServerProcess.fail({ dataDir: directory.path, flags });
  expect(code).toBe(2);
  expect(errors).toContain("--tracing-endpoint");
});

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
