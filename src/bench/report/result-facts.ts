import type { BenchResult } from "../result.ts";
import { SCENARIOS } from "../scenarios/registry.ts";
import { bytes, figure, milliseconds } from "./figures.ts";

/** A name and what it is, for a list beside the numbers. */
export type Fact = readonly [name: string, value: string];

/** What the result comes to in one line; without a number unless every run was valid. */
export function verdictLine({ verdict, points }: BenchResult): string {
  const runs = points.flatMap((point) => point.runs);
  const many = (count: number): string => `${count} ${count === 1 ? "run" : "runs"}`;
  const counted = many(runs.length);
  switch (verdict) {
    case "valid":
      return `VALID: every acknowledged task and result was accounted for in ${counted}`;
    case "partial":
      return `PARTIAL: stopped by a signal; ${many(runs.filter(({ measures }) => measures !== undefined).length)} measured in full before that, and nothing else is shown`;
    case "invalid":
      return `INVALID: ${runs.filter((run) => run.verdict.kind !== "valid").length} of ${counted} cannot be relied on`;
  }
}

/** Why runs were not valid, and what must be known beside the rates; each line once, with the point it is about. */
export function remarkLines({ points }: BenchResult): string[] {
  const lines = points.flatMap(({ name, runs }) =>
    runs.flatMap(({ verdict, measures }) => [
      ...verdict.reasons.map((reason) => `${name}: ${reason}`),
      ...(measures?.notes ?? []).map(({ text }) => `${name}: ${text}`),
    ]),
  );
  return [...new Set(lines)];
}

/** The rate the result is known by; undefined when there is none. */
export function headlineFact({ plateau, points, verdict }: BenchResult): Fact | undefined {
  if (verdict === "invalid") return undefined;
  if (plateau !== undefined) {
    const { fromConcurrency, toConcurrency, rate, unit } = plateau;
    const range = fromConcurrency === toConcurrency ? `${fromConcurrency}` : `${fromConcurrency} … ${toConcurrency}`;
    return [`plateau at concurrency ${range}`, `${figure(Math.round(rate))} ${unit}`];
  }
  const [point, ...others] = points;
  if (point?.rate === undefined || others.length > 0) return undefined;
  return [`median of ${point.runs.length}`, `${figure(Math.round(point.rate.median))} ${point.unit}`];
}

export function parameterFacts(result: BenchResult): Fact[] {
  const { parameters, points } = result;
  const { ratePerSecond, serverFlags, target } = parameters;
  const loop = points.flatMap(({ runs }) => runs.flatMap(({ measures }) => measures?.loop ?? []))[0];
  const open = ratePerSecond === undefined ? "" : ` at ${figure(ratePerSecond)} arrivals/s`;
  return [
    ["durability", parameters.durability],
    ["load", `${loop ?? (ratePerSecond === undefined ? "closed" : "open")} loop${open}`],
    ["shards", parameters.shards === undefined ? "unknown" : figure(parameters.shards)],
    ["tasks a worker asks for at a time", figure(parameters.batch)],
    ["tasks in a producer's message", figure(parameters.producerBatch)],
    ["producers", figure(parameters.producers)],
    ["concurrency", parameters.concurrency.join(", ")],
    ["window", milliseconds(parameters.durationMs)],
    ["warm-up before it", milliseconds(parameters.warmupMs)],
    ["payload", bytes(parameters.payloadBytes)],
    ...prefillFact(result),
    ["runs of each point", figure(parameters.repeat)],
    ["load threads", figure(parameters.threads)],
    ["seed", String(parameters.seed)],
    ...(serverFlags === undefined ? [] : [["flags of the server", serverFlags] as const]),
    ...(target === undefined ? [] : [["target", target] as const]),
  ];
}

/** 0 stands for as many as it takes, where tasks are to wait at all. */
function prefillFact({ scenario, parameters: { prefill } }: BenchResult): Fact[] {
  const name = "tasks waiting before the window";
  if (prefill > 0) return [[name, figure(prefill)]];
  const fills = SCENARIOS.find((each) => each.name === scenario)?.defaults.prefill !== undefined;
  return fills ? [[name, "as many as workers can take in the time"]] : [];
}

export function machineFacts({ machine }: BenchResult): Fact[] {
  return [
    ["CPU", `${machine.cpu}, ${machine.cores} cores, ${machine.architecture}`],
    ["memory", bytes(machine.memoryBytes)],
    ["kernel", machine.kernel],
    ["file system of the data", machine.fileSystem ?? "unknown"],
    ["fsync of 4 KiB", machine.fsyncMs === undefined ? "unknown" : milliseconds(machine.fsyncMs)],
  ];
}

export function buildFacts({ build, startedAt, endedAt }: BenchResult): Fact[] {
  return [
    ["server", `${build.serverVersion} (${build.serverCommit})`],
    ["bench", `${build.version} (${build.commit})`],
    ["binary", build.binarySha256 === undefined ? "run from the sources" : `SHA-256 ${build.binarySha256}`],
    ["Bun", build.bun],
    ["SQLite", build.sqlite],
    ["measured", `${startedAt} to ${endedAt}`],
  ];
}

/** What the verdict rests on, over all runs. */
export function ledgerFacts({ points }: BenchResult): Fact[] {
  const sums = points.flatMap(({ runs }) => runs.map(({ verdict }) => verdict.checked));
  const total = (name: keyof (typeof sums)[number]): string => figure(sums.reduce((sum, each) => sum + each[name], 0));
  return [
    ["creates sent", total("creates")],
    ["creates acknowledged", total("createsAcked")],
    ["deliveries", total("deliveries")],
    ["results acknowledged", total("resultsAcked")],
    ["still queued at the end", total("stillQueued")],
    ["delivered and unfinished", total("unfinished")],
    ["tasks read back", total("readBack")],
    ["tasks checked operation by operation", total("replayed")],
  ];
}
