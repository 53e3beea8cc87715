/** What the exit code of `codeq bench` tells. The general codes of `codeq`, 0 to 5, keep their meaning. */
export const BENCH_EXIT_CODES = {
  ok: { code: 0, meaning: "measured, every run valid" },
  usage: { code: 2, meaning: "a scenario, flag or file is wrong, or two results cannot be compared" },
  threshold: { code: 10, meaning: "a limit given with --fail-on is crossed" },
  regression: { code: 11, meaning: "slower than the base" },
  ledgerViolation: { code: 12, meaning: "the server broke a promise; no rate is shown" },
  invalidRun: { code: 13, meaning: "a run measured nothing that could be relied on; no rate is shown" },
  serverDied: { code: 14, meaning: "the server ended while it was measured" },
  interrupted: { code: 130, meaning: "stopped by a signal; what was measured until then is reported" },
} as const;
