import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Client, type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import { ProducerEvent, ServerEvent as ProducerServerEvent } from "../proto/generated/producer.ts";
import { WorkerEvent, ServerEvent as WorkerServerEvent } from "../proto/generated/worker.ts";
import { ensureInteropBuilt } from "../test/interop-go.ts";

/**
 * How long a task takes to a worker that waits for it: from the sending of a create on one stream to the arrival of the
 * task on another, nothing else going on. The worker then completes it, so none piles up. `codeq bench` measures servers
 * that have something to do.
 */

const { values: flags } = parseArgs({
  options: {
    samples: { type: "string", default: "1000" },
    durability: { type: "string", default: "off" },
    shards: { type: "string", default: "1" },
    /** `bun`, on grpc-js, or `go`, on grpc-go: another client's pauses are not the server's. */
    client: { type: "string", default: "bun" },
    /** A command that takes `serve` and its flags. */
    server: { type: "string", default: `${process.execPath} src/cli.ts` },
  },
});

if (flags.client !== "bun" && flags.client !== "go") throw new Error(`--client is bun or go, not ${flags.client}`);

const TOKEN = "dev-token";
/** Come first, without a pause; see `wakeup.go`. */
const WARM_UP = 30_000;
const PAUSE_MS = 5;

const dataDir = mkdtempSync(join(tmpdir(), "codeq-bench-wakeup-"));
const server = startServer();
try {
  const ports = await portsOf(server.stdout);
  const row = flags.client === "go" ? measureByGo(ports) : quantilesOf((await measure(ports)).slice(WARM_UP));
  const { client, durability, shards } = flags;
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`;
  const date = new Date().toISOString();
  console.log(JSON.stringify({ ...row, client, durability, shards: Number(shards), machine, date }));
} finally {
  server.kill("SIGTERM");
  await server.exited;
  rmSync(dataDir, { recursive: true });
}
process.exit(0);

interface Ports {
  readonly workerPort: number;
  readonly producerPort: number;
}

function quantilesOf(latenciesMs: readonly number[]): object {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const at = (quantile: number): number => Number((sorted[Math.floor(sorted.length * quantile)] ?? 0).toFixed(3));
  return { p50Ms: at(0.5), p90Ms: at(0.9), p99Ms: at(0.99), samples: sorted.length };
}

function measureByGo({ workerPort, producerPort }: Ports): object {
  const addresses = [producerPort, workerPort].map((port) => `127.0.0.1:${port}`);
  const { stdout, stderr, exitCode } = Bun.spawnSync([ensureInteropBuilt(), ...addresses, TOKEN, flags.samples]);
  if (exitCode !== 0) throw new Error(`the client ended: ${stderr.toString()}`);
  return JSON.parse(stdout.toString()) as object;
}

async function measure({ workerPort, producerPort }: Ports): Promise<number[]> {
  const producer: ClientDuplexStream<ProducerEvent, ProducerServerEvent> = connect(producerPort).makeBidiStreamRequest(
    "/producerpb.ProducerStream/Stream",
    (event: ProducerEvent) => ProducerEvent.encode(event).finish(),
    (bytes) => ProducerServerEvent.decode(bytes),
  );
  const worker: ClientDuplexStream<WorkerEvent, WorkerServerEvent> = connect(workerPort).makeBidiStreamRequest(
    "/workerpb.WorkerStream/Stream",
    (event: WorkerEvent) => WorkerEvent.encode(event).finish(),
    (bytes) => WorkerServerEvent.decode(bytes),
  );
  const { promise, resolve, reject } = Promise.withResolvers<number[]>();
  for (const stream of [producer, worker]) stream.on("error", reject);
  const latenciesMs: number[] = [];
  let sentAt = 0;
  const create = (): void => {
    sentAt = performance.now();
    producer.write({ event: { $case: "create", value: taskOf(latenciesMs.length) } });
  };
  const ready = (): void => {
    worker.write({ event: { $case: "ready", value: { commands: [], leaseSeconds: 300, count: 1 } } });
  };
  producer.on("data", ({ event }: ProducerServerEvent) => {
    if (event?.$case === "createAck" && !event.value.ok) reject(new Error(event.value.errorMessage));
  });
  const complete = (taskId: string): void => {
    const result = { taskId, status: "COMPLETED", resultJson: Buffer.from("{}"), error: "" };
    worker.write({ event: { $case: "result", value: result } });
  };
  worker.on("data", ({ event }: WorkerServerEvent) => {
    if (event?.$case === "task") {
      latenciesMs.push(performance.now() - sentAt);
      complete(event.value.task?.id ?? "");
    } else if (event?.$case === "resultAck") {
      if (latenciesMs.length >= WARM_UP + Number(flags.samples)) {
        resolve(latenciesMs);
        return;
      }
      ready();
      if (latenciesMs.length < WARM_UP) create();
      else setTimeout(create, PAUSE_MS);
    }
  });
  producer.write({ event: { $case: "hello", value: { token: TOKEN } } });
  worker.write({ event: { $case: "hello", value: { token: TOKEN, workerId: "bench" } } });
  ready();
  // Until both are greeted and the Ready waits.
  setTimeout(create, 200);
  return promise;
}

function taskOf(seq: number) {
  const none = { priority: 0, webhook: "", maxAttempts: 0, idempotencyKey: "", delaySeconds: 0 };
  const payload = Buffer.from('{"bench":true}');
  return { seq: BigInt(seq), command: "WAKEUP", payload, ...none, traceParent: "", traceState: "" };
}

function connect(port: number): Client {
  return new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
}

function startServer() {
  const [program = "", ...rest] = flags.server.split(" ");
  const listen = ["--port", "0", "--data-dir", dataDir, "--log-format", "json"];
  const command = [program, ...rest, "serve", ...listen, "--shards", flags.shards, "--durability", flags.durability];
  return Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
}

/** From the line the server writes when it listens. */
async function portsOf(output: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Ports> {
  let text = "";
  const reader = output.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the server ended: ${text}`);
    text += value;
    const line = text.split("\n").find((candidate) => candidate.includes('"listening"'));
    // The server's own line has both ports.
    if (line !== undefined) return JSON.parse(line) as Ports;
  }
}
