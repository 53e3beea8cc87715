import type { BenchResult, Machine, Parameters } from "../result.ts";

/** Something that makes two results say little about each other. */
export interface Mismatch {
  /** `system` may change from one start of a machine to the next: worth knowing, and no reason to refuse. */
  readonly kind: "scenario" | "machine" | "parameters" | "system";
  readonly name: string;
  readonly base: string;
  readonly next: string;
}

/** What is known of a run before it begins. */
export type Setting = Pick<BenchResult, "scenario" | "machine" | "parameters">;

/**
 * What differs between two runs besides what may be compared: the build. Points that only one of them has, how often
 * each was repeated and in which random order are no mismatch.
 */
export function mismatches(base: Setting, next: Setting): Mismatch[] {
  const found: Mismatch[] = [];
  const look = (
    kind: Mismatch["kind"],
    name: string,
    a: string | number | undefined,
    b: string | number | undefined,
  ): void => {
    if (a !== b) found.push({ kind, name, base: shown(a), next: shown(b) });
  };
  look("scenario", "scenario", base.scenario, next.scenario);
  for (const name of MACHINE) look("machine", name, base.machine[name], next.machine[name]);
  look("machine", "memory", wholeGibibytes(base.machine), wholeGibibytes(next.machine));
  look("system", "kernel", base.machine.kernel, next.machine.kernel);
  for (const name of PARAMETERS) look("parameters", name, base.parameters[name], next.parameters[name]);
  return found;
}

/** `machine: cores 2 in the base, 4 in the new result` */
export function describeMismatch({ kind, name, base, next }: Mismatch): string {
  const label = kind === name ? name : `${kind}: ${name}`;
  return `${label} ${base} in the base, ${next} in the new result`;
}

/** What makes it another machine. Memory differs by some pages from start to start, an fsync is never quite as long. */
const MACHINE: readonly Exclude<keyof Machine, "memoryBytes" | "kernel" | "fsyncMs">[] = [
  "cpu",
  "cores",
  "architecture",
  "fileSystem",
];

const PARAMETERS: readonly Exclude<keyof Parameters, "concurrency" | "repeat" | "seed" | "target">[] = [
  "durability",
  "shards",
  "batch",
  "producerBatch",
  "producers",
  "durationMs",
  "warmupMs",
  "payloadBytes",
  "ratePerSecond",
  "threads",
  "prefill",
  "serverFlags",
];

function shown(value: string | number | undefined): string {
  return value === undefined ? "none" : String(value);
}

function wholeGibibytes({ memoryBytes }: Machine): string {
  return `${Math.round(memoryBytes / 2 ** 30)} GiB`;
}
