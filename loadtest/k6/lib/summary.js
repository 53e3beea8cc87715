import { envStr } from "./config.js";

/**
 * A short table for people and everything as JSON: `k6-<scenario>.json`, in SUMMARY_DIR if that is given.
 * @param cameToItsEnd from metrics and duration in milliseconds: whether nobody stopped the run on its way
 */
export function summaryOf(scenario, cameToItsEnd) {
  const directory = summaryDirectory();
  return (data) => {
    const { metrics, state } = data;
    // Of others k6 says what happened to them: a signal, or a server that does not tell what it holds.
    const complete = metrics.codeq_tasks_stored !== undefined && cameToItsEnd(metrics, state.testRunDurationMs);
    const judged = complete ? judgements(metrics) : [];
    const passed = complete && judged.every(({ ok }) => ok);
    const path = `${directory}/k6-${scenario}.json`;
    const { run } = data.setup_data ?? {};
    const report = { scenario, run, complete, passed, durationMs: state.testRunDurationMs, verdicts: judged };
    const verdict = complete ? (passed ? "passed" : "FAILED") : "NO VERDICT (it did not come to its end)";
    return {
      stdout: `${table(scenario, data, judged, verdict)}\n  everything: ${path}\n\n`,
      [path]: `${JSON.stringify({ ...report, metrics }, undefined, 2)}\n`,
    };
  };
}

const COUNTS = [
  ["tasks created", "codeq_tasks_created"],
  ["tasks completed", "codeq_tasks_completed"],
  ["still stored", "codeq_tasks_stored"],
  ["lost", "codeq_tasks_lost"],
  ["not ordered", "codeq_tasks_surplus"],
  ["completed twice", "codeq_duplicate_completions"],
  ["redelivered under lease", "codeq_redelivered_under_lease"],
  ["priority inversions", "codeq_priority_inversions"],
  ["delivered too early", "codeq_early_deliveries"],
  ["outcomes unknown", "codeq_outcomes_unknown"],
  ["requests refused", "codeq_requests_refused"],
  ["empty claims", "codeq_claims_empty"],
  ["dropped iterations", "dropped_iterations"],
];

const LATENCIES = [
  ["create", "codeq_create_ms"],
  ["claim with a task", "codeq_claim_ms"],
  ["result", "codeq_result_ms"],
  ["queue wait", "queue_wait_ms"],
  ["lateness of delays", "codeq_delay_late_ms"],
];

/** k6 would say so at the end, when the figures are lost, and exit as if nothing was wrong. */
function summaryDirectory() {
  const directory = envStr("SUMMARY_DIR", ".").replace(/(?<=.)\/+$/, "");
  // What `open` is asked for may be relative to the script, what is written is not.
  if (!directory.startsWith("/")) return directory;
  try {
    open(directory);
  } catch (error) {
    // The only way to ask: a directory is there, and cannot be read like a file.
    if (/directories/.test(String(error))) return directory;
  }
  throw new Error(`SUMMARY_DIR: "${directory}" is not a directory`);
}

function table(scenario, { metrics, state }, judged, verdict) {
  const seconds = state.testRunDurationMs / 1000;
  const lines = ["", `codeq ${scenario}: ${verdict} after ${seconds.toFixed(1)} s`, ""];
  for (const [label, name] of COUNTS) {
    const values = metrics[name]?.values;
    if (values !== undefined) lines.push(`  ${label.padEnd(24)} ${String(values.count ?? values.value).padStart(10)}`);
  }
  lines.push(
    "",
    `  ${"milliseconds".padEnd(24)} ${["p50", "p95", "p99", "max"].map((name) => name.padStart(10)).join("")}`,
  );
  for (const [label, name] of LATENCIES) {
    const values = metrics[name]?.values;
    if (values === undefined) continue;
    const cells = ["p(50)", "p(95)", "p(99)", "max"].map((stat) => (values[stat] ?? 0).toFixed(1).padStart(10));
    lines.push(`  ${label.padEnd(24)} ${cells.join("")}`);
  }
  lines.push("");
  for (const { metric, expression, ok, value } of judged) {
    lines.push(`  ${ok ? "ok  " : "FAIL"}  ${metric} ${expression}${ok ? "" : `, was ${value}`}`);
  }
  return `${lines.join("\n")}\n`;
}

function judgements(metrics) {
  const judged = Object.entries(metrics).flatMap(([metric, { thresholds = {}, values }]) =>
    Object.entries(thresholds).map(([expression, { ok }]) => {
      const stat = /^[a-z]+(\(\d+\))?/.exec(expression)?.[0] ?? "count";
      return { metric, expression, ok, value: values[stat] ?? 0 };
    }),
  );
  return judged.sort((a, b) => a.ok - b.ok || (a.metric < b.metric ? -1 : 1));
}
