import { envStr } from "./config.js";

/** A short table for people and everything as JSON: `k6-<scenario>.json`, in SUMMARY_DIR if that is given. */
export function summaryOf(scenario) {
  return (data) => {
    const judged = judgements(data.metrics);
    const passed = judged.every(({ ok }) => ok);
    const path = `${envStr("SUMMARY_DIR", ".").replace(/\/+$/, "")}/k6-${scenario}.json`;
    const { run } = data.setup_data ?? {};
    const report = { scenario, run, passed, durationMs: data.state.testRunDurationMs, verdicts: judged };
    return {
      stdout: `${table(scenario, data, judged, passed)}\n  everything: ${path}\n\n`,
      [path]: `${JSON.stringify({ ...report, metrics: data.metrics }, undefined, 2)}\n`,
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

function table(scenario, { metrics, state }, judged, passed) {
  const seconds = state.testRunDurationMs / 1000;
  const lines = ["", `codeq ${scenario}: ${passed ? "passed" : "FAILED"} after ${seconds.toFixed(1)} s`, ""];
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
