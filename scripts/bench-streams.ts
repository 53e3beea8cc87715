import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ServerEvent as WorkerServerEvent } from "../proto/generated/worker.ts";
import { Completer, Creator, openProducer, openWorker } from "./bench-stream-client.ts";

/**
 * The streams from end to end: a server in a process of its own, and here clients that create tasks, work and count what
 * was acknowledged.
 */

const { values: flags } = parseArgs({
  options: {
    /** `cycle`, `create` or `idle`. */
    mode: { type: "string", default: "cycle" },
    producers: { type: "string", default: "32" },
    "producer-streams": { type: "string", default: "1" },
    "producer-batch": { type: "string", default: "8" },
    slots: { type: "string", default: "128" },
    "worker-streams": { type: "string", default: "1" },
    batch: { type: "string", default: "32" },
    seconds: { type: "string", default: "5" },
    warmup: { type: "string", default: "2" },
    shards: { type: "string", default: "1" },
    durability: { type: "string", default: "off" },
    payload: { type: "string", default: '{"bench":true}' },
    /** A command that takes `serve` and its flags. */
    server: { type: "string", default: `${process.execPath} src/cli.ts` },
    /** Where the server leaves a CPU profile. */
    profile: { type: "string" },
  },
});
const producers = Number(flags.producers);
const producerStreams = Number(flags["producer-streams"]);
const workerStreams = Number(flags["worker-streams"]);

const dataDir = mkdtempSync(join(tmpdir(), "codeq-bench-streams-"));
const server = startServer();
try {
  const ports = await portsOf(server.stdout);
  const row = flags.mode === "idle" ? await idle(ports) : await load(ports);
  console.log(JSON.stringify({ ...row, durability: flags.durability, shards: Number(flags.shards), ...machine() }));
} finally {
  server.kill("SIGTERM");
  await server.exited;
  rmSync(dataDir, { recursive: true });
}
process.exit(0);

interface Ports {
  readonly url: string;
  readonly workerPort: number;
  readonly producerPort: number;
}

async function load(ports: Ports) {
  const creators: Creator[] = [];
  for (let index = 0; index < producerStreams; index += 1) {
    const stream = await openProducer(ports.producerPort);
    creators.push(new Creator(stream, producers / producerStreams, Number(flags["producer-batch"]), flags.payload));
  }
  const completers: Completer[] = [];
  for (let index = 0; index < (flags.mode === "cycle" ? workerStreams : 0); index += 1) {
    const stream = await openWorker(ports.workerPort, `bench-${index}`);
    completers.push(new Completer(stream, Number(flags.slots) / workerStreams, Number(flags.batch)));
  }
  const counted = () => ({
    created: creators.reduce((sum, { acked }) => sum + acked, 0),
    completed: completers.reduce((sum, { acked }) => sum + acked, 0),
    cpu: process.cpuUsage(),
    serverTicks: serverTicks(),
    at: performance.now(),
  });
  await Bun.sleep(Number(flags.warmup) * 1000);
  const commitsBefore = await commits(ports);
  const before = counted();
  await Bun.sleep(Number(flags.seconds) * 1000);
  const after = counted();
  const commitsAfter = await commits(ports);
  for (const creator of creators) creator.running = false;
  const seconds = (after.at - before.at) / 1000;
  const { mode, batch, slots } = flags;
  return {
    mode,
    createdPerSecond: Math.round((after.created - before.created) / seconds),
    completedPerSecond: Math.round((after.completed - before.completed) / seconds),
    clientCpu: share(after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system, seconds),
    serverCpu: share((after.serverTicks - before.serverTicks) * 1e4, seconds),
    commitsPerSecond: Math.round((commitsAfter - commitsBefore) / seconds),
    producers: `${producers} on ${producerStreams} × ${flags["producer-batch"]}`,
    workers: `${slots} on ${workerStreams} × ${batch}`,
  };
}

/** From the sending of a create on one stream to the arrival of the task on another, nothing else going on. */
async function idle(ports: Ports) {
  const producer = await openProducer(ports.producerPort);
  const worker = await openWorker(ports.workerPort, "bench");
  for (const stream of [producer, worker]) stream.on("error", () => undefined);
  producer.on("data", () => undefined);
  const { promise, resolve } = Promise.withResolvers<void>();
  const latenciesMs: number[] = [];
  let sentAt = 0;
  const ready = { event: { $case: "ready", value: { commands: [], leaseSeconds: 300, count: 1 } } } as const;
  const create = (): void => {
    sentAt = performance.now();
    const seq = BigInt(latenciesMs.length);
    const payload = Buffer.from(flags.payload);
    const rest = { priority: 0, webhook: "", maxAttempts: 0, idempotencyKey: "", delaySeconds: 0, traceParent: "" };
    producer.write({ event: { $case: "create", value: { seq, command: "IDLE", payload, ...rest, traceState: "" } } });
  };
  worker.on("data", ({ event }: WorkerServerEvent) => {
    if (event?.$case !== "task") return;
    latenciesMs.push(performance.now() - sentAt);
    worker.write({ event: { $case: "ready", value: { ...ready.event.value, commands: [] } } });
    if (latenciesMs.length >= 1000) resolve();
    else setTimeout(create, 5);
  });
  worker.write({ event: { $case: "ready", value: { ...ready.event.value, commands: [] } } });
  setTimeout(create, 200);
  await promise;
  const sorted = latenciesMs.slice(100).sort((a, b) => a - b);
  const at = (quantile: number): number => Number((sorted[Math.floor(sorted.length * quantile)] ?? 0).toFixed(3));
  return { mode: "idle", p50Ms: at(0.5), p90Ms: at(0.9), p99Ms: at(0.99), samples: sorted.length };
}

function startServer() {
  const [program = "", ...rest] = flags.server.split(" ");
  const profiling = flags.profile === undefined ? [] : ["--cpu-prof", "--cpu-prof-dir", flags.profile];
  const args = ["serve", "--port", "0", "--data-dir", dataDir, "--shards", flags.shards, "--log-format", "json"];
  const command = [program, ...profiling, ...rest, ...args, "--durability", flags.durability];
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

/** Processor time of the server so far, in hundredths of a second. */
function serverTicks(): number {
  const fields = readFileSync(`/proc/${server.pid}/stat`, "utf8").split(" ");
  return Number(fields[13]) + Number(fields[14]);
}

async function commits({ url }: Ports): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^codeq_commit_duration_seconds_count (\d+)/m.exec(text)?.[1]);
}

function share(cpuMicros: number, seconds: number): string {
  return `${Math.round(cpuMicros / 1e4 / seconds)}%`;
}

function machine() {
  return { machine: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`, date: new Date().toISOString() };
}
