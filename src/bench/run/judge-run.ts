import { describeVerdict } from "../ledger/verdict.ts";
import type { Irregular } from "../load/irregulars.ts";
import type { ThreadReport } from "../load/load-plan.ts";
import type { TaskRows } from "../load/task-rows.ts";
import type { RunVerdict } from "../result.ts";
import type { MetricsPage } from "../target/metrics-page.ts";
import type { QueueCounts, ServerView } from "../target/server-view.ts";
import { type Replay, replay } from "./replay.ts";
import { type RowSums, screenRows } from "./row-screen.ts";

export interface JudgeOptions {
  readonly rows: TaskRows;
  readonly reports: readonly ThreadReport[];
  readonly view: ServerView;
  readonly command: string;
  readonly leaseMs: number;
  /** Tasks that may stay delivered without a result when the streams are closed. */
  readonly unfinishedMax: number;
  /** Creates that an earlier process of this server has counted. */
  readonly createdBefore: number;
  /** The server is ours: that it does not count at all would be a finding. */
  readonly mustCount: boolean;
  readonly nowUs: () => number;
}

/**
 * Says whether a run may be believed: what the clients saw of every task, what the server counts, and what it has
 * stored of a sample, must tell one story.
 */
export async function judgeRun(options: JudgeOptions): Promise<RunVerdict> {
  const { rows, reports, view } = options;
  const irregulars = reports.flatMap((report) => report.irregulars);
  const { sums, suspects, suspectsTotal } = screenRows(rows);
  const [queue, metrics] = [await view.queue(), await view.metrics()];
  const tags = [...new Set([...suspects, ...irregularTags(irregulars), ...sampleOf(rows.size)])];
  const replayed = await replay({ ...options, tags, irregulars });
  const broken = [
    ...describeIrregulars(irregulars, reports),
    ...(suspectsTotal > 0 ? [`${suspectsTotal} tasks had a life that a queue does not give them`] : []),
    ...describeReplay(replayed),
    ...(sums.resultsUnknown > 0 ? [`${sums.resultsUnknown} results were never answered`] : []),
    ...compareQueue(sums, queue),
    ...compareCounters(options, sums, metrics),
    ...(sums.unfinished > options.unfinishedMax
      ? [`${sums.unfinished} delivered tasks have no acknowledged result; at most ${options.unfinishedMax} may`]
      : []),
  ];
  const unusable = [
    ...(sums.creates === 0 ? ["no task was created"] : []),
    ...(sums.createsUnknown > 0 ? [`${sums.createsUnknown} creates were never answered`] : []),
    ...refusedCreates(irregulars),
    ...(rows.full ? [`the ledger is full: it holds ${rows.tasksMax} tasks; measure for a shorter time`] : []),
  ];
  const checked = {
    creates: sums.creates,
    createsAcked: sums.createsAcked,
    deliveries: sums.delivered + irregulars.filter(({ kind }) => kind === "delivered-twice").length,
    resultsAcked: sums.resultsAcked,
    stillQueued: sums.queued,
    unfinished: sums.unfinished,
    readBack: replayed.readBack,
    replayed: tags.length,
  };
  if (broken.length > 0) return { kind: "broken", reasons: broken, checked };
  if (unusable.length > 0) return { kind: "unusable", reasons: unusable, checked };
  return { kind: "valid", reasons: [], checked };
}

/** The first tasks, the last ones, and some evenly spread between. */
function sampleOf(size: number): number[] {
  if (size <= SAMPLE_MAX) return Array.from({ length: size }, (_, tag) => tag);
  const edge = SAMPLE_MAX / 4;
  const between = Array.from(
    { length: edge * 2 },
    (_, index) => edge + Math.floor((index * (size - 2 * edge)) / (edge * 2)),
  );
  const edges = Array.from({ length: edge }, (_, index) => [index, size - edge + index]).flat();
  return [...edges, ...between];
}

function irregularTags(irregulars: readonly Irregular[]): number[] {
  return irregulars.flatMap(({ tag }) => tag ?? []).slice(0, SAMPLE_MAX);
}

/** One line for each kind, with the first of them as an example. */
function describeIrregulars(irregulars: readonly Irregular[], reports: readonly ThreadReport[]): string[] {
  const byKind = Map.groupBy(
    irregulars.filter(({ kind }) => kind !== "create-refused"),
    ({ kind }) => kind,
  );
  const lines = [...byKind].map(([kind, ones]) => `${kind} (${ones.length} times): ${ones[0]?.text ?? ""}`);
  const dropped = reports.reduce((sum, report) => sum + report.irregularsTotal - report.irregulars.length, 0);
  return dropped > 0 ? [...lines, `and ${dropped} more of these`] : lines;
}

function refusedCreates(irregulars: readonly Irregular[]): string[] {
  const refused = irregulars.filter(({ kind }) => kind === "create-refused");
  return refused.length === 0 ? [] : [`${refused.length} creates were refused: ${refused[0]?.text ?? ""}`];
}

function describeReplay({ verdict, wrongResults }: Replay): string[] {
  const lines = verdict.passed ? [] : describeVerdict(verdict).trim().split("\n").slice(0, VERDICT_LINES_MAX);
  return [...lines, ...wrongResults.slice(0, VERDICT_LINES_MAX)];
}

/** What waits and what is leased, as the server counts it. What was never answered may have happened or not. */
function compareQueue(sums: RowSums, queue: QueueCounts): string[] {
  return [
    ...compare("tasks that wait", queue.ready + queue.delayed, sums.queued, sums.createsUnknown),
    // A result without an answer may have ended the lease.
    ...compare("tasks under a lease", queue.inProgress, sums.unfinished - sums.resultsUnknown, sums.resultsUnknown),
    ...compare("dead letters", queue.dead, 0, 0),
  ];
}

function compareCounters(options: JudgeOptions, sums: RowSums, metrics: MetricsPage): string[] {
  const { command, createdBefore, mustCount } = options;
  const status = "COMPLETED";
  // A server that counts many commands gathers the later ones under one label.
  if (!mustCount && metrics.sum("codeq_task_created_total", { command }) === undefined) return [];
  const created = metrics.sum("codeq_task_created_total", { command }) ?? 0;
  const completed = metrics.sum("codeq_task_completed_total", { command, status }) ?? 0;
  const stored = metrics.sum("codeq_finished_tasks", { command, status });
  return [
    ...compare("tasks created", created + createdBefore, sums.createsAcked, sums.createsUnknown),
    ...compare("tasks completed", completed, sums.resultsAcked, sums.resultsUnknown),
    ...(stored === undefined ? [] : compare("stored results", stored, sums.resultsAcked, sums.resultsUnknown)),
  ];
}

function compare(what: string, server: number, clients: number, open: number): string[] {
  if (server >= clients && server <= clients + open) return [];
  const range = open === 0 ? `${clients}` : `${clients} to ${clients + open}`;
  return [`${what}: the server counts ${server}, its clients saw ${range}`];
}

const SAMPLE_MAX = 1000;
const VERDICT_LINES_MAX = 20;
