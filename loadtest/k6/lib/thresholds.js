import { ACCOUNT_THRESHOLDS } from "./accounts.js";
import { envInt, envStr } from "./config.js";

/** Together the verdict: one that is crossed makes k6 exit with 99. */
export function verdict(...parts) {
  return Object.assign(failuresOf("create"), ACCOUNT_THRESHOLDS, ...parts);
}

/** A few failures in a long run are the network's. */
export function failuresOf(...endpoints) {
  return Object.fromEntries(endpoints.map((endpoint) => [`http_req_failed{endpoint:${endpoint}}`, ["rate<0.01"]]));
}

/** How long a claim that brings a task may take, p99 in milliseconds. Where it is not the point, only when asked for. */
export function claimLatency({ always }) {
  if (!always && envStr("CLAIM_P99_MS", undefined) === undefined) return {};
  return { codeq_claim_ms: [`p(99)<${envInt("CLAIM_P99_MS", 100, { min: 1 })}`] };
}

export const TREND_STATS = ["avg", "p(50)", "p(95)", "p(99)", "max"];
