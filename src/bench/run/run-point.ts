import { LoadFailure } from "../load/load-threads.ts";
import { finishProfile } from "../profile/finish-profile.ts";
import type { Run, RunVerdict } from "../result.ts";
import { ServerDied } from "../target/server-child.ts";
import { type BenchServer, openServer } from "./bench-server.ts";
import { judgeRun } from "./judge-run.ts";
import type { PointPlan } from "./point-plan.ts";
import { runLoad } from "./run-load.ts";
import { measuresOf } from "./run-measures.ts";
import type { RunSettings } from "./run-settings.ts";

/** Measures one point once, on a fresh server. Never throws for what goes wrong with the server: that is the verdict. */
export async function runPoint(plan: PointPlan, settings: RunSettings, seed: number): Promise<Run> {
  const startedAt = new Date().toISOString();
  const { signal, watch } = settings;
  try {
    watch.phase("starting");
    await using server = await openServer(settings);
    const over = Promise.race([server.death, aborted(signal)]);
    // It is waited for now and then only.
    over.catch(() => undefined);
    const load = await loadOf(plan, settings, server, seed, over);
    watch.phase("checking");
    const verdict = await Promise.race([
      judgeRun({
        rows: load.rows,
        reports: load.reports,
        view: server.view,
        command: server.command,
        leaseMs: load.leaseMs,
        unfinishedMax: (plan.workers?.slots ?? 0) * (plan.workers?.batch ?? 0),
        createdBefore: server.own?.restarted === true ? plan.prefill : 0,
        mustCount: server.own !== undefined,
        nowUs: load.nowUs,
      }),
      over,
    ]);
    const measures = verdict.kind === "valid" ? measuresOf(plan, load, server, verdict.checked.stillQueued) : undefined;
    if (server.own !== undefined) await finishProfile(server.own, plan.name);
    if (measures?.rate !== 0) return { startedAt, seed, verdict, measures };
    const reasons = ["nothing was done within the window; measure for longer"];
    return { startedAt, seed, verdict: { ...verdict, kind: "unusable", reasons }, measures: undefined };
  } catch (error) {
    return { startedAt, seed, verdict: verdictOf(signal.aborted ? new Interrupted() : error), measures: undefined };
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  const stop = (): void => reject(new Interrupted());
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  return promise;
}

/** Connections may break before the end of their server is known: that is then the cause. */
async function loadOf(plan: PointPlan, settings: RunSettings, server: BenchServer, seed: number, over: Promise<never>) {
  try {
    return await runLoad(plan, settings, server, seed, over);
  } catch (error) {
    if (!(error instanceof Interrupted)) await Promise.race([server.death, Bun.sleep(DEATH_NOTICE_MS)]);
    throw error;
  }
}

const DEATH_NOTICE_MS = 500;

/** The user wants no more. */
class Interrupted extends Error {
  override readonly name = "Interrupted";
}

function verdictOf(error: unknown): RunVerdict {
  if (error instanceof Interrupted) return { kind: "interrupted", reasons: ["stopped by a signal"], checked: NOTHING };
  if (error instanceof ServerDied) return { kind: "server-died", reasons: [error.message], checked: NOTHING };
  if (error instanceof LoadFailure) return { kind: "unusable", reasons: [error.message], checked: NOTHING };
  const text = error instanceof Error ? error.message : String(error);
  return { kind: "unusable", reasons: [text], checked: NOTHING };
}

const NOTHING: RunVerdict["checked"] = {
  creates: 0,
  createsAcked: 0,
  deliveries: 0,
  resultsAcked: 0,
  stillQueued: 0,
  unfinished: 0,
  readBack: 0,
  replayed: 0,
};
