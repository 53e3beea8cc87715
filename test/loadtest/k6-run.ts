import { beforeAll } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensureK6, mayGoWithoutK6 } from "../../scripts/install-k6.ts";
import { TemporaryDirectory } from "../server-process.ts";

const SCRIPTS = join(dirname(dirname(import.meta.dir)), "loadtest", "k6");
const BUILD_TIMEOUT_MS = 1_500_000;

/** On the machine of a user who has no Go. */
export const K6_MISSING = mayGoWithoutK6();

let path = "";

/** To be called by each file whose tests run k6. */
export function buildK6First(): void {
  beforeAll(async () => {
    if (K6_MISSING) return;
    const k6 = await ensureK6((line) => void process.stderr.write(line));
    if ("missing" in k6) throw new Error(k6.missing);
    path = k6.path;
  }, BUILD_TIMEOUT_MS);
}

/** For those that start k6 some other way. */
export function k6Path(): string {
  return path;
}

export interface Verdict {
  readonly metric: string;
  readonly expression: string;
  readonly ok: boolean;
  readonly value: number;
}

export interface K6Run {
  /** 0 passed, 99 a verdict failed, 107 there can be no verdict. */
  readonly code: number;
  readonly output: string;
  /** Of the JSON file the run wrote. */
  readonly passed: boolean;
  readonly verdicts: readonly Verdict[];
  /** Total of a counter, last value of a gauge. */
  count(metric: string): number;
  /** Metrics whose threshold was crossed. */
  readonly failed: readonly string[];
}

/** Speed is not what the tests are about: on a busy machine only these would fail. */
const UNHURRIED = { CLAIM_P99_MS: "60000", DROPPED_PCT_MAX: "100", LATE_TOLERANCE_MS: "60000" };

/**
 * Runs a scenario for as long as its variables say.
 * @param report whether one is to be expected: k6 makes none when a script cannot be loaded
 */
export async function runK6(
  script: string,
  url: string,
  env: Readonly<Record<string, string>>,
  { report: expected } = { report: true },
): Promise<K6Run> {
  using directory = new TemporaryDirectory();
  const child = Bun.spawn([path, "run", "--quiet", "--no-color", "--address", "", join(SCRIPTS, script)], {
    cwd: directory.path,
    env: { PATH: "/usr/bin:/bin", K6_NO_USAGE_REPORT: "true", CODEQ_BASE_URL: url, ...UNHURRIED, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const file = directory.at(`k6-${script.replace(".js", "")}.json`);
  const report = expected ? readReport(file, stdout + stderr) : NO_REPORT;
  const failed = report.verdicts.filter(({ ok }) => !ok).map(({ metric }) => metric);
  const count = (metric: string): number => {
    const values = report.metrics[metric]?.values;
    return values?.["count"] ?? values?.["value"] ?? 0;
  };
  return { code, output: stdout + stderr, passed: report.passed, verdicts: report.verdicts, failed, count };
}

export interface K6Options {
  /** Without what is not set. */
  readonly scenarios: Readonly<Record<string, unknown>>;
  /** Metric and expression, in order. */
  readonly thresholds: readonly string[];
}

/** What k6 makes of a script before it runs it. */
export async function inspectK6(script: string, env: Readonly<Record<string, string>>): Promise<K6Options> {
  const child = Bun.spawn(
    [path, "inspect", "--execution-requirements", "--include-system-env-vars", join(SCRIPTS, script)],
    {
      env: { PATH: "/usr/bin:/bin", ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  // The format of k6; a missing member fails the test that looks at it.
  const { scenarios, thresholds } = JSON.parse(await new Response(child.stdout).text(), withoutNull) as {
    readonly scenarios: Readonly<Record<string, unknown>>;
    readonly thresholds: Readonly<Record<string, readonly string[]>>;
  };
  const lines = Object.entries(thresholds).flatMap(([metric, list]) => list.map((one) => `${metric} ${one}`));
  return { scenarios, thresholds: lines.toSorted((a, b) => (a < b ? -1 : 1)) };
}

function withoutNull(_: string, value: unknown): unknown {
  return value ?? undefined;
}

interface Report {
  readonly passed: boolean;
  readonly verdicts: readonly Verdict[];
  readonly metrics: Readonly<Record<string, { readonly values: Readonly<Record<string, number>> } | undefined>>;
}

const NO_REPORT: Report = { passed: false, verdicts: [], metrics: {} };

function readReport(file: string, output: string): Report {
  try {
    // The scripts' own format; a missing member fails the test that looks at it.
    return JSON.parse(readFileSync(file, "utf8")) as Report;
  } catch (error) {
    throw new Error(`k6 wrote no report:\n${output}`, { cause: error });
  }
}
