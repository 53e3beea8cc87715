import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { abandon, Client, type CreateOutcome, fail, nack, Producer, type SettledTask, Worker } from "codeq/client";
import { checkLedger } from "../src/bench/ledger/check.ts";
import { historyLines } from "../src/bench/ledger/history-file.ts";
import { describeVerdict, type Verdict } from "../src/bench/ledger/verdict.ts";
import { Dice } from "./dice.ts";
import { Recorder } from "./recorder.ts";
import { commandsOf, producerToken, Rig, TENANTS, type Tenant, workerTokens } from "./rig.ts";
import { TemporaryDirectory } from "./server-process.ts";
import { isDrained } from "./survive.ts";
import { takeCensus } from "./take-census.ts";

const RETRY = ["--backoff", "fixed", "--backoff-base", "1s", "--backoff-max", "2s", "--shutdown-grace", "5s"];
const BACKOFF = { baseMs: 10, maxMs: 200 };
const LEASE_SECONDS = 2;
/** Of each tenant. */
const PRODUCERS = 4;
/** Clocks of client and server, and the cut of the server's times to whole milliseconds. */
const CLOCK_ERROR_MS = 5;

export interface SdkPlan {
  readonly rounds: number;
  readonly signal: "SIGKILL" | "SIGTERM";
  readonly seed: number;
}

export interface Survived {
  readonly verdict: Verdict;
  /** Creates that were acknowledged. */
  readonly created: number;
  /** Verdicts that were acknowledged. */
  readonly accepted: number;
}

/**
 * Producers and workers of the SDK at work while the server is ended and started again; then everything is finished and
 * held against what a queue promises.
 * @throws Error that tells the broken promises, the seed, and where the history is
 */
export async function surviveWithSdk({ rounds, signal, seed }: SdkPlan): Promise<Survived> {
  using directory = new TemporaryDirectory();
  await using rig = new Rig(directory.at("data"));
  const { port, workerPort, producerPort } = await rig.start(RETRY);
  const flags = ["--port", `${port}`, "--worker-port", `${workerPort}`, "--producer-port", `${producerPort}`];
  const crew = new Crew({ url: rig.url, workerPort, producerPort }, new Dice(seed));
  const running = { stopped: false };
  const load = TENANTS.flatMap((tenant) => Array.from({ length: PRODUCERS }, () => crew.produce(tenant, running)));
  for (const tenant of TENANTS) for (const token of workerTokens(tenant)) crew.work(tenant, token);
  for (let round = 1; round <= rounds; round += 1) {
    await crew.progress(50);
    // Not just when something has been acknowledged.
    await Bun.sleep(crew.dice.between(20, 250));
    const code = await rig.stop(signal);
    if (code !== (signal === "SIGKILL" ? 137 : 0)) throw new Error(`the server ended with ${code}`);
    await rig.start([...RETRY, ...flags]);
  }
  running.stopped = true;
  await Promise.all(load);
  for (const tenant of TENANTS) while (!(await isDrained(rig, tenant)));
  await crew.close();
  const { ledger } = crew.recorder;
  const census = await takeCensus(rig, ledger);
  const options = { clockErrorMs: CLOCK_ERROR_MS, promotionMs: 5000, shardOf: (id: string) => id.slice(20, 22) };
  const verdict = checkLedger(ledger, census, options);
  if (!verdict.passed) {
    const path = join(tmpdir(), `codeq-sdk-history-${seed}.jsonl`);
    writeFileSync(path, [...historyLines(ledger.operations())].join(""));
    throw new Error(`CODEQ_TEST_SEED=${seed}, history in ${path}\n${describeVerdict(verdict)}`);
  }
  return { verdict, created: crew.created, accepted: crew.accepted };
}

interface Ports {
  readonly url: string;
  readonly workerPort: number;
  readonly producerPort: number;
}

interface Held {
  readonly tag: number;
  readonly worker: string;
  /** When the handler had made up its mind. */
  endedMs: number;
}

/** Clients of the SDK that write down what they see. */
class Crew {
  readonly recorder = new Recorder();
  readonly dice: Dice;
  created = 0;
  accepted = 0;
  readonly #ports: Ports;
  readonly #workers: Worker[] = [];
  /** By task and delivery. */
  readonly #held = new Map<string, Held>();
  #happened = 0;
  #onProgress = Promise.withResolvers<void>();

  constructor(ports: Ports, dice: Dice) {
    this.#ports = ports;
    this.dice = dice;
  }

  /** Waits until so many things more have happened, or one at least. */
  async progress(count: number): Promise<void> {
    const enough = this.#happened + Math.max(count, 1);
    while (this.#happened < enough) await this.#onProgress.promise;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()));
  }

  async produce(tenant: Tenant, running: { readonly stopped: boolean }): Promise<void> {
    await using producer = new Producer({
      address: `127.0.0.1:${this.#ports.producerPort}`,
      token: producerToken(tenant),
      backoff: BACKOFF,
    });
    while (!running.stopped) {
      const wishes = Array.from({ length: this.dice.between(1, 8) }, () => this.#wish(tenant));
      const invokeMs = performance.now();
      const outcomes = await producer.createMany(wishes.map(({ task }) => task));
      const doneMs = performance.now();
      for (const [index, { tag, task }] of wishes.entries()) {
        const seen = { invokeMs, doneMs, tenant, tag };
        this.#created(outcomes[index], seen, task);
      }
    }
  }

  #wish(tenant: Tenant) {
    const tag = this.recorder.nextTag();
    const delaySeconds = this.dice.roll() < 0.1 ? 1 : 0;
    const command = this.dice.pick(commandsOf(tenant));
    const maxAttempts = this.dice.between(2, 5);
    const task = { command, payload: { tag }, priority: this.dice.between(0, 2), maxAttempts, delaySeconds };
    return { tag, task };
  }

  #created(
    outcome: CreateOutcome | undefined,
    seen: { readonly invokeMs: number; readonly doneMs: number; readonly tenant: Tenant; readonly tag: number },
    task: {
      readonly command: string;
      readonly priority: number;
      readonly maxAttempts: number;
      readonly delaySeconds: number;
    },
  ): void {
    if (outcome === undefined) throw new Error("a create has no outcome");
    if (!outcome.ok && outcome.error.code !== "OUTCOME_UNKNOWN") throw outcome.error;
    if (outcome.ok) this.created += 1;
    const { command, priority, maxAttempts, delaySeconds } = task;
    this.recorder.add({
      op: "create",
      ...seen,
      outcome: outcome.ok ? "ok" : "unknown",
      id: outcome.ok ? outcome.id : undefined,
      idempotencyKey: undefined,
      command,
      priority,
      maxAttempts,
      delayMs: delaySeconds * 1000,
    });
    this.#note();
  }

  work(tenant: Tenant, token: string): void {
    const client = new Client({ url: this.#ports.url, token, attemptsMax: 100, backoff: BACKOFF });
    const worker = new Worker({
      address: `127.0.0.1:${this.#ports.workerPort}`,
      token,
      workerId: token,
      backoff: BACKOFF,
      client,
      leaseSeconds: LEASE_SECONDS,
      concurrency: this.dice.between(2, 20),
      claimMax: this.dice.between(1, 8),
      handler: async ({ id, command, payload, attempts, claimedAt }) => {
        const doneMs = performance.now();
        const { tag } = payload as { readonly tag: number };
        // The server's own time: when exactly it was asked for is not told.
        const invokeMs = Math.min(doneMs, claimedAt.getTime() - performance.timeOrigin - CLOCK_ERROR_MS);
        const lease = { command, leaseMs: LEASE_SECONDS * 1000, attempts };
        this.recorder.add({ op: "deliver", invokeMs, doneMs, outcome: "ok", tenant, tag, id, worker: token, ...lease });
        const held: Held = { tag, worker: token, endedMs: doneMs };
        this.#held.set(`${id} ${attempts}`, held);
        const verdict = await this.#treat();
        held.endedMs = performance.now();
        return verdict;
      },
      onSettled: (settled) => this.#settled(tenant, settled),
    });
    this.#workers.push(worker);
    void worker.run();
  }

  async #treat() {
    const chance = this.dice.roll();
    if (chance < 0.5) return { done: true };
    if (chance < 0.6) {
      await Bun.sleep(this.dice.between(1, 50));
      return { done: true };
    }
    if (chance < 0.7) return fail("no luck");
    if (chance < 0.85) {
      const delaySeconds = this.dice.pick([undefined, 0, 0, 1]);
      return nack({ reason: "try again", ...(delaySeconds === undefined ? {} : { delaySeconds }) });
    }
    if (chance < 0.95) return abandon();
    return undefined;
  }

  #settled(tenant: Tenant, settled: SettledTask): void {
    const { taskId: id, attempts, verdict, outcome, delaySeconds } = settled;
    const held = this.#held.get(`${id} ${attempts}`);
    this.#note();
    // Nobody looked into it: it was given back, or lost, before a handler had it.
    if (held === undefined) return;
    this.#held.delete(`${id} ${attempts}`);
    if (outcome === "accepted") this.accepted += 1;
    const { tag, worker, endedMs } = held;
    const seen = {
      invokeMs: endedMs,
      doneMs: performance.now(),
      outcome: OUTCOMES[outcome],
      tenant,
      tag,
      id,
      worker,
    };
    if (verdict === "completed" || verdict === "failed") this.recorder.add({ op: "result", ...seen, state: verdict });
    else if (verdict === "abandoned") this.recorder.add({ op: "abandon", ...seen });
    else {
      const delayMs = delaySeconds === undefined ? undefined : delaySeconds * 1000;
      const dead = outcome === "accepted" && delaySeconds === undefined;
      this.recorder.add({ op: "nack", ...seen, delayMs, dead });
    }
  }

  #note(): void {
    this.#happened += 1;
    this.#onProgress.resolve();
    this.#onProgress = Promise.withResolvers<void>();
  }
}

const OUTCOMES = { accepted: "ok", refused: "fail", unknown: "unknown" } as const;
