import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { drive, type Request, type Script } from "./http-load.ts";
import { median } from "./median.ts";

/**
 * The compiled server over HTTP, one request at a time on each connection, load generator on the same machine. Every
 * number counts what the server acknowledged; any other answer ends the run.
 */

const { values: flags } = parseArgs({
  options: {
    connections: { type: "string", default: "32" },
    durability: { type: "string", default: "off" },
    seconds: { type: "string", default: "5" },
    repeat: { type: "string", default: "5" },
    binary: { type: "string", default: join(import.meta.dir, "..", "dist", "codeq") },
  },
});
const connections = Number(flags.connections);
const durationMs = Number(flags.seconds) * 1000;
const TOKEN = "dev-token";
const TASK = JSON.stringify({ command: "work", payload: { data: "x".repeat(80) } });
const CREATE: Request = { method: "POST", path: "/v1/codeq/tasks", body: TASK };
const CLAIM: Request = { method: "POST", path: "/v1/codeq/tasks/claim", body: '{"leaseSeconds":600}' };
const WAITING_CLAIM: Request = { method: "POST", path: "/v1/codeq/tasks/claim", body: '{"waitSeconds":30}' };
const WAKE_SAMPLES = 2000;

const dataDir = mkdtempSync(join(tmpdir(), "codeq-bench-http-"));
const server = Bun.spawn(
  [
    flags.binary,
    "serve",
    "--port",
    "0",
    "--data-dir",
    dataDir,
    "--durability",
    flags.durability,
    "--log-format",
    "json",
  ],
  { stdout: "pipe", stderr: "inherit", env: {} },
);
try {
  const port = await listening();
  const idle = await measureIdle();
  const creates: number[] = [];
  const cycles: number[] = [];
  for (let run = 0; run <= Number(flags.repeat); run += 1) {
    const created = await measureCreates(port);
    // Leaves nothing behind: what the creates made is what the cycles take.
    const completed = await measureCycles(port);
    // The first run is the warm-up.
    if (run > 0) {
      creates.push(created);
      cycles.push(completed);
    }
  }
  const wake = await measureWakeUps(port);
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`;
  const conditions = { connections, durability: flags.durability, machine, date: new Date().toISOString() };
  const range = (rates: readonly number[]) => ({
    perSecond: Math.round(median(rates)),
    minimum: Math.round(Math.min(...rates)),
    maximum: Math.round(Math.max(...rates)),
  });
  console.log(JSON.stringify({ creates: range(creates), claimAndResult: range(cycles), wake, idle, ...conditions }));
} finally {
  server.kill();
  await server.exited;
  rmSync(dataDir, { recursive: true });
}

async function listening(): Promise<number> {
  let text = "";
  for await (const chunk of server.stdout) {
    text += new TextDecoder().decode(chunk);
    const port = /"port":(\d+)/.exec(text)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error(`the server did not start: ${text}`);
}

/** Processor time and memory of the server with nothing to do. */
async function measureIdle(): Promise<{ cpuPercent: number; rssMb: number }> {
  const secondsBefore = cpuSeconds();
  const startedAt = performance.now();
  await Bun.sleep(5000);
  const cpuPercent = ((cpuSeconds() - secondsBefore) / ((performance.now() - startedAt) / 1000)) * 100;
  const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
  return { cpuPercent: Number(cpuPercent.toFixed(2)), rssMb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) >> 10 };
}

function cpuSeconds(): number {
  const fields = readFileSync(`/proc/${server.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function measureCreates(port: number): Promise<number> {
  let created = 0;
  const startedAt = performance.now();
  await onEach(port, () => (answer) => {
    if (answer !== undefined) {
      if (answer.status !== 202) throw new Error(`create: ${answer.status} ${answer.body}`);
      created += 1;
    }
    return performance.now() - startedAt < durationMs ? CREATE : undefined;
  });
  return created / ((performance.now() - startedAt) / 1000);
}

/** Claims one task and hands in its result, until nothing is left. */
async function measureCycles(port: number): Promise<number> {
  let completed = 0;
  const startedAt = performance.now();
  await onEach(port, () => {
    let resulting = false;
    return (answer) => {
      if (answer === undefined || resulting) {
        if (resulting && answer?.status !== 200) throw new Error(`result: ${answer?.status} ${answer?.body}`);
        if (resulting) completed += 1;
        resulting = false;
        return CLAIM;
      }
      if (answer.status === 204) return undefined;
      if (answer.status !== 200) throw new Error(`claim: ${answer.status} ${answer.body}`);
      resulting = true;
      const path = `/v1/codeq/tasks/${answer.body.slice(7, 43)}/result`;
      return { method: "POST", path, body: '{"status":"COMPLETED","result":{"ok":true}}' };
    };
  });
  return completed / ((performance.now() - startedAt) / 1000);
}

/** From the moment a create is sent to the moment a claim that waited has its task, server otherwise idle. */
async function measureWakeUps(port: number): Promise<{ p50Ms: number; p99Ms: number; samples: number }> {
  const latencies: number[] = [];
  let sentAt = 0;
  let ready = Promise.withResolvers<void>();
  let done = Promise.withResolvers<void>();
  const worker = drive(port, TOKEN, (answer) => {
    if (answer !== undefined) {
      latencies.push(performance.now() - sentAt);
      done.resolve();
    }
    if (latencies.length >= WAKE_SAMPLES) return undefined;
    ready.resolve();
    return WAITING_CLAIM;
  });
  while (latencies.length < WAKE_SAMPLES) {
    await ready.promise;
    ready = Promise.withResolvers<void>();
    done = Promise.withResolvers<void>();
    // Time for the claim to arrive and wait.
    await Bun.sleep(3);
    let asked = false;
    const create = drive(port, TOKEN, () => {
      if (asked) return undefined;
      asked = true;
      sentAt = performance.now();
      return CREATE;
    });
    await Promise.all([create, done.promise]);
  }
  await worker;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => Number((latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(2));
  return { p50Ms: at(0.5), p99Ms: at(0.99), samples: latencies.length };
}

function onEach(port: number, script: () => Script): Promise<unknown> {
  return Promise.all(Array.from({ length: connections }, () => drive(port, TOKEN, script())));
}
