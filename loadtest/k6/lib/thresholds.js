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

/** How long a claim that brings a task may take, p99 in milliseconds. */
export function claimLatency() {
  return { codeq_claim_ms: [`p(99)<${envInt("CLAIM_P99_MS", 100, { min: 1 })}`] };
}

/**
 * For workers that find a backlog, so that each claims as fast as it is answered: what a claim takes is then their number
 * divided by the server's rate, and no limit fits every machine.
 */
export function claimLatencyIfAsked() {
  return envStr("CLAIM_P99_MS", undefined) === undefined ? {} : claimLatency();
}

export const TREND_STATS = ["avg", "p(50)", "p(95)", "p(99)", "max"];
