import { chmodSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { resultToJson } from "../../src/bench/report/json-report.ts";
import { benchResult } from "../../src/bench/report/result-fixture.ts";
import { ensureBuilt } from "../build.ts";

/** What a run of a build measures. */
export interface MeasuredFigures {
  readonly rate: number;
  readonly cpuSecondsPerMillion: number;
}

/**
 * Test-only: an executable whose runs measure the same each time, so that two of them can be told apart for certain. It
 * adds what it is called with to a file, after its own path; results are compared by the real binary.
 */
export function writeMeasuredBuild(path: string, calls: string, figures: MeasuredFigures): void {
  const root = dirname(dirname(import.meta.dir));
  const { rate, cpuSecondsPerMillion } = figures;
  const result = benchResult([
    {
      concurrency: 1,
      rates: [rate],
      change: (measures) => {
        const { server } = measures;
        return { ...measures, server: server === undefined ? undefined : { ...server, cpuSecondsPerMillion } };
      },
    },
  ]);
  const file = join(dirname(path), `${rate}-${cpuSecondsPerMillion}.json`);
  writeFileSync(file, resultToJson(result));
  const lines = [
    "#!/bin/sh",
    `echo "$0 $*" >> '${calls}'`,
    `if [ "$2" = compare ]; then exec '${ensureBuilt(root)}' "$@"; fi`,
    // The file for the result is the last argument.
    'for file; do :; done; test -n "$file"',
    `cp '${file}' "$file"`,
  ];
  writeFileSync(path, `${lines.join("\n")}\n`);
  chmodSync(path, 0o755);
}
