import { LoadFailure } from "../load/load-threads.ts";
import type { Run, RunVerdict } from "../result.ts";
import { ServerDied } from "../target/server-child.ts";
import { type BenchServer, openServer } from "./bench-server.ts";
import { type JudgeOptions, judgeRun } from "./judge-run.ts";
import { runLoad } from "./run-load.ts";
import { measuresOf } from "./run-measures.ts";
import type { PointPlan } from "./point-plan.ts";
import type { RunSettings } from "./run-settings.ts";

/** Measures one point once, on a fresh server. Never throws for what goes wrong with the server: that is the verdict. */
export async function runPoint(plan: PointPlan, settings: RunSettings, seed: number): Promise<Run> {
  const startedAt = new Date().toISOString();
  const { signal, watch } = settings;
  try {
    watch.phase("starting");
    await using server = await openServer(settings);
    const load = await Promise.race([runLoad(plan, settings, server, seed), server.death, aborted(signal)]);
    watch.phase("checking");
    const verdict = await Promise.race([
      judgeRun({
        rows: load.rows,
        reports: load.reports,
        view: server.view,
        command: server.command,
        leaseMs: load.leaseMs,
        unfinishedMax: (plan.workers?.slots ?? 0) * (plan.workers?.batch ?? 0),
        counts: countsOf(plan, server),
        nowUs: load.nowUs,
      }),
      server.death,
      aborted(signal),
    ]);
    const measures = verdict.kind === "valid" ? measuresOf(plan, load, server) : undefined;
    return { startedAt, seed, verdict, measures };
  } catch (error) {
    return { startedAt, seed, verdict: verdictOf(signal.aborted ? new Interrupted() : error), measures: undefined };
  }
}

/** What the counters of this server can be held against. */
function countsOf({ prefill }: PointPlan, { own }: BenchServer): JudgeOptions["counts"] {
  if (own === undefined) return "others-too";
  return { createdBefore: own.restarted ? prefill : 0 };
}

function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  const stop = (): void => reject(new Interrupted());
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  return promise;
}

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
