import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkLedger } from "../src/bench/ledger/check.ts";
import { historyLines } from "../src/bench/ledger/history-file.ts";
import type { Ledger } from "../src/bench/ledger/ledger.ts";
import { describeVerdict, type Verdict } from "../src/bench/ledger/verdict.ts";
import { Dice } from "./dice.ts";
import { produce } from "./load.ts";
import { Recorder } from "./recorder.ts";
import { commandsOf, Rig, TENANTS, type Tenant, workerTokens } from "./rig.ts";
import { TemporaryDirectory } from "./server-process.ts";
import { laneCounts, takeCensus } from "./take-census.ts";
import { finish, work } from "./work.ts";

/** Some come back at once: a lease that ends too early is then seen to. */
const RETRY = ["--backoff", "exp_full_jitter", "--backoff-base", "1s", "--backoff-max", "2s"];
const ROUND_MS_MIN = 20;
const ROUND_MS_MAX = 350;
/** Acknowledged between two disturbances. */
export const CREATES_MIN = 20;

export interface Plan {
  readonly rounds: number;
  /** For the start after so many rounds. */
  readonly flags: (round: number) => readonly string[];
  /** Does its worst; afterwards a server runs again. */
  readonly disturb: (rig: Rig, start: () => Promise<unknown>, dice: Dice) => Promise<void>;
}

/**
 * Puts a server under load, disturbs it at random moments, has everything finished, and holds what the clients saw and
 * what is there in the end against what a queue promises.
 * @param seed decides about the requests; what comes of them is also a matter of timing
 * @throws Error that tells the broken promises, the seed, and where the history is
 */
export async function survive(plan: Plan, seed: number): Promise<Verdict> {
  using directory = new TemporaryDirectory();
  await using rig = new Rig(directory.at("data"));
  const recorder = new Recorder();
  const shared = { rig, recorder, dice: new Dice(seed) };
  const running = { stopped: false };
  await rig.start([...RETRY, ...plan.flags(0)]);
  const load = TENANTS.flatMap((tenant) => [
    produce(shared, tenant, running),
    produce(shared, tenant, running),
    ...workerTokens(tenant).map((token) => work(shared, tenant, token, running)),
  ]);
  for (let round = 1; round <= plan.rounds; round += 1) {
    // At a random moment, but not before there is something to lose, however busy the machine is.
    await Promise.all([recorder.created(CREATES_MIN), Bun.sleep(shared.dice.between(ROUND_MS_MIN, ROUND_MS_MAX))]);
    await plan.disturb(rig, () => rig.start([...RETRY, ...plan.flags(round)]), shared.dice);
  }
  running.stopped = true;
  await Promise.all(load);
  await Promise.all(
    TENANTS.flatMap((tenant) =>
      workerTokens(tenant).map((token) => finish(shared, tenant, token, () => isDrained(rig, tenant))),
    ),
  );
  const census = await takeCensus(rig, recorder.ledger);
  const options = { clockErrorMs: 5, promotionMs: 5000, shardOf: (id: string) => id.slice(20, 22) };
  const verdict = checkLedger(recorder.ledger, census, options);
  if (!verdict.passed) throw new Error(report(verdict, recorder.ledger, seed));
  return verdict;
}

export async function isDrained(rig: Rig, tenant: Tenant): Promise<boolean> {
  for (const command of commandsOf(tenant)) {
    const { ready, delayed, inProgress } = await laneCounts(rig, tenant, command);
    if (ready + delayed + inProgress > 0) return false;
  }
  return true;
}

function report(verdict: Verdict, ledger: Ledger, seed: number): string {
  const path = join(tmpdir(), `codeq-history-${seed}.jsonl`);
  writeFileSync(path, [...historyLines(ledger.operations())].join(""));
  return `CODEQ_TEST_SEED=${seed}, history in ${path}\n${describeVerdict(verdict)}`;
}
