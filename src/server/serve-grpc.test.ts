import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { Client, credentials, status } from "@grpc/grpc-js";
import { ProducerEvent, ServerEvent as ProducerServerEvent } from "../../proto/generated/producer.ts";
import { WorkerEvent, ServerEvent as WorkerServerEvent } from "../../proto/generated/worker.ts";
import { completed, create, ready, TEST_TOKEN, TestStream, until } from "./grpc/grpc-fixture.ts";
import { STREAM_PATHS } from "./grpc/stream-definition.ts";
import { type Listening, listening, serveProcess, TemporaryDirectory } from "./process-fixture.ts";
import { CERTIFICATE, PRIVATE_KEY } from "./tls-fixture.ts";

// Processes start slowly on a machine that is busy with other tests.
setDefaultTimeout(60_000);

const AUTHORIZATION = { authorization: `Bearer ${TEST_TOKEN}` };

let directory: TemporaryDirectory;
let clients: Client[];
beforeEach(() => {
  directory = new TemporaryDirectory();
  clients = [];
});
afterEach(() => {
  for (const client of clients) client.close();
  directory[Symbol.dispose]();
});

interface Ports extends Listening {
  readonly workerPort: number;
  readonly producerPort: number;
}

async function portsOf(server: Parameters<typeof listening>[0]): Promise<Ports> {
  // The start-up line also has the gRPC ports.
  return (await listening(server)) as Ports;
}

function connect(port: number, channel = credentials.createInsecure()): Client {
  const options = { "grpc.use_local_subchannel_pool": 1, "grpc.ssl_target_name_override": "localhost" };
  const client = new Client(`127.0.0.1:${port}`, channel, options);
  clients.push(client);
  return client;
}

function producerOn(client: Client): TestStream<ProducerEvent, ProducerServerEvent> {
  const encode = (event: ProducerEvent): Buffer => ProducerEvent.encode(event).finish();
  const decode = (bytes: Buffer): ProducerServerEvent => ProducerServerEvent.decode(bytes);
  const stream = new TestStream(client.makeBidiStreamRequest(STREAM_PATHS.producer, encode, decode));
  stream.send({ event: { $case: "hello", value: { token: TEST_TOKEN } } });
  return stream;
}

function workerOn(client: Client): TestStream<WorkerEvent, WorkerServerEvent> {
  const encode = (event: WorkerEvent): Buffer => WorkerEvent.encode(event).finish();
  const decode = (bytes: Buffer): WorkerServerEvent => WorkerServerEvent.decode(bytes);
  const stream = new TestStream(client.makeBidiStreamRequest(STREAM_PATHS.worker, encode, decode));
  stream.send({ event: { $case: "hello", value: { token: TEST_TOKEN, workerId: "w" } } });
  return stream;
}

async function post(url: string, body: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(url, { method: "POST", headers: AUTHORIZATION, body: JSON.stringify(body) });
  // Bodies of this server are objects.
  return (await answer.json()) as Record<string, unknown>;
}

test("a task crosses between HTTP and streams at every step, both ways", async () => {
  await using server = serveProcess(directory.at("data"), ["--shards", "2"]);
  const { url, workerPort, producerPort } = await portsOf(server);
  const worker = workerOn(connect(workerPort));
  await worker.next("helloAck");
  worker.send(ready());
  const id = String((await post(`${url}/v1/codeq/tasks`, { command: "RENDER", payload: { n: 1 } }))["id"]);
  expect((await worker.next("task")).task?.id).toBe(id);
  worker.send(completed(id, '{"by":"stream"}'));
  expect(await worker.next("resultAck")).toMatchObject({ ok: true });
  const result = await fetch(`${url}/v1/codeq/tasks/${id}/result`, { headers: AUTHORIZATION });
  expect(await result.json()).toMatchObject({ result: { status: "COMPLETED", result: { by: "stream" } } });

  const producer = producerOn(connect(producerPort));
  await producer.next("helloAck");
  const claiming = post(`${url}/v1/codeq/tasks/claim`, { commands: ["CROP"], waitSeconds: 30 });
  producer.send(create(1, { command: "CROP" }));
  const { taskId } = await producer.next("createAck");
  expect(await claiming).toMatchObject({ id: taskId, payload: '{"n":1}' });
  const settled = await post(`${url}/v1/codeq/tasks/${taskId}/result`, { status: "COMPLETED", result: {} });
  expect(settled).toMatchObject({ status: "COMPLETED" });

  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('codeq_streams_open{direction="worker"} 1');
  expect(metrics).toContain('codeq_streams_open{direction="producer"} 1');
  worker.call.end();
  await worker.ended;
  const after = await (await fetch(`${url}/metrics`)).text();
  expect(after).toContain('codeq_streams_ended_total{direction="worker",reason="client"} 1');
  expect(metrics).toContain('codeq_stream_batch_items_sum{kind="create"} 1');
});

test("what a stream acknowledged survives kill -9, once, and leases too", async () => {
  const first = serveProcess(directory.at("data"));
  const ports = await portsOf(first);
  const producer = producerOn(connect(ports.producerPort));
  await producer.next("helloAck");
  for (let seq = 0; seq < 500; seq += 1) producer.send(create(seq));
  const acks = await producer.acks(500);
  const worker = workerOn(connect(ports.workerPort));
  await worker.next("helloAck");
  worker.send(ready(100));
  const leased = (await worker.next("taskBatch")).tasks.map(({ id }) => id);
  await first[Symbol.asyncDispose]();

  await using second = serveProcess(directory.at("data"));
  const { workerPort } = await portsOf(second);
  const next = workerOn(connect(workerPort));
  await next.next("helloAck");
  next.send(completed(leased[0] ?? ""));
  expect(await next.next("resultAck")).toMatchObject({ ok: true });
  next.send(ready(500));
  const rest = (await next.next("taskBatch")).tasks.map(({ id }) => id);
  while (rest.length < 400) {
    next.send(ready(500));
    rest.push(...(await next.next("taskBatch")).tasks.map(({ id }) => id));
  }
  expect([...leased, ...rest].toSorted()).toEqual(acks.map(({ taskId }) => taskId).toSorted());
});

test("defect 36: a token has one rate, over HTTP and on streams; streams are held up", async () => {
  const flags = ["--rate-limit-producer", "1", "--rate-limit-producer-burst", "1"];
  await using server = serveProcess(directory.at("data"), flags);
  const { url, producerPort } = await portsOf(server);
  const producer = producerOn(connect(producerPort));
  await producer.next("helloAck");
  producer.send(create(1));
  await producer.next("createAck");
  expect(await post(`${url}/v1/codeq/tasks`, { command: "RENDER", payload: 2 })).toMatchObject({
    code: "RATE_LIMITED",
  });
  producer.send(create(3));
  const hits = 'codeq_rate_limit_hits_total{scope="producer",operation="create_task"} 2';
  await until(async () => (await (await fetch(`${url}/metrics`)).text()).includes(hits));
  expect(producer.unread).toBe(0);
});

test("one port serves both, and SIGTERM ends streams and process in peace", async () => {
  await using server = serveProcess(directory.at("data"), ["--grpc-port", "0"]);
  const { workerPort, producerPort } = await portsOf(server);
  expect(workerPort).toBe(producerPort);
  const client = connect(workerPort);
  const [producer, worker] = [producerOn(client), workerOn(client)];
  await producer.next("helloAck");
  await worker.next("helloAck");
  worker.send(ready());
  server.process.kill("SIGTERM");
  const going = { code: status.UNAVAILABLE, details: "the server is going away, connect again" };
  expect(await producer.ended).toMatchObject(going);
  expect(await worker.ended).toMatchObject(going);
  expect(await server.end()).toMatchObject({ code: 0, stderr: "" });
});

test("a gRPC port in use: exit 3, and the flag for another one is named", async () => {
  const other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  await using server = serveProcess(directory.at("data"), ["--producer-port", String(other.port)]);
  const { code, stderr } = await server.end();
  other.stop(true);
  expect(code).toBe(3);
  const where = `127.0.0.1:${other.port}: another program listens there`;
  expect(stderr).toBe(`codeq: cannot listen on ${where}; stop it, or choose another --producer-port\n`);
});

test("addresses that turn out to be one: exit 3, and the flag for another one is named", async () => {
  const free = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const { port } = free;
  free.stop(true);
  const flags = ["--worker-port", `localhost:${port}`, "--producer-port", `127.0.0.1:${port}`];
  await using server = serveProcess(directory.at("data"), flags);
  const { code, stdout, stderr } = await server.end();
  expect(code).toBe(3);
  const where = `127.0.0.1:${port}: another program listens there`;
  expect(stderr).toBe(`codeq: cannot listen on ${where}; stop it, or choose another --producer-port\n`);
  expect(JSON.parse(stdout)).toMatchObject({ level: "warn", text: expect.stringContaining("No address added") });
});

test("the gRPC ports can be off", async () => {
  await using server = serveProcess(directory.at("data"), ["--worker-port", "off", "--producer-port", "off"]);
  expect(await portsOf(server)).not.toHaveProperty("workerPort");
});

test("with a certificate the streams speak TLS only; with authorities they ask clients for a certificate", async () => {
  await Bun.write(directory.at("cert.pem"), CERTIFICATE);
  await Bun.write(directory.at("key.pem"), PRIVATE_KEY);
  const tls = ["--tls-cert", directory.at("cert.pem"), "--tls-key", directory.at("key.pem")];
  const [root, key] = [Buffer.from(CERTIFICATE), Buffer.from(PRIVATE_KEY)];
  const anonymous = credentials.createSsl(root);
  const certified = credentials.createSsl(root, key, root);
  {
    await using server = serveProcess(directory.at("tls"), tls);
    const { producerPort } = await portsOf(server);
    const producer = producerOn(connect(producerPort, anonymous));
    expect(await producer.next("helloAck")).toMatchObject({ tenantId: "dev-tenant" });
    expect((await producerOn(connect(producerPort)).ended).code).toBe(status.UNAVAILABLE);
  }
  await using server = serveProcess(directory.at("mtls"), [...tls, "--tls-client-ca", directory.at("cert.pem")]);
  const { producerPort, workerPort, url } = await portsOf(server);
  for (const stream of [producerOn(connect(producerPort, anonymous)), workerOn(connect(workerPort, anonymous))]) {
    expect((await stream.ended).code).toBe(status.UNAVAILABLE);
  }
  expect(await producerOn(connect(producerPort, certified)).next("helloAck")).toMatchObject({ tenantId: "dev-tenant" });
  const http = { ca: CERTIFICATE, cert: CERTIFICATE, key: PRIVATE_KEY };
  expect((await fetch(`${url}/healthz`, { tls: http })).status).toBe(200);
  const refused = await fetch(`${url}/healthz`, { tls: { ca: CERTIFICATE } }).catch(() => undefined);
  expect(refused?.ok ?? false).toBe(false);
});
