import { sleep } from "k6";
import exec from "k6/execution";
import { Counter, Trend } from "k6/metrics";
import { enterResult } from "./accounts.js";
import { claimTask, submitResult, submitResultAgain } from "./codeq.js";
import { COMMAND, duration, envFloat, LEASE_SECONDS, WAIT_SECONDS } from "./config.js";
import { isDrained } from "./run.js";
import { isRedeliveryUnderLease } from "./task-times.js";

/** After an empty claim; twice as long after each further one, so that idle workers do not take the load's processor. */
const PAUSE_SECONDS_MIN = 0.05;
const PAUSE_SECONDS_MAX = 0.4;
/** How often a worker asks whether it may go home. */
const DRAIN_CHECK_SECONDS = 0.5;
const RESUBMIT_SHARE = envFloat("RESUBMIT_PCT", 1, { max: 100 }) / 100;

/** Claims that brought a task: the empty ones are quicker and would flatter the figures. */
const claimMs = new Trend("codeq_claim_ms", true);
const claimsEmpty = new Counter("codeq_claims_empty");
const duplicates = new Counter("codeq_duplicate_completions");
const wentHome = new Counter("codeq_workers_went_home");
const redelivered = new Counter("codeq_redelivered_under_lease");

/**
 * Workers that stay until the lane is empty, so that the books can be closed to the last task.
 * @param times in seconds of the run: when they start, when the producers have ended, when they go home in any case
 */
export function workerScenario({ exec: run, vus, times }) {
  return {
    executor: "per-vu-iterations",
    exec: run,
    vus,
    iterations: 1,
    startTime: duration(times.startSeconds),
    maxDuration: duration(times.endSeconds - times.startSeconds),
    // Whoever waits for a server that does not answer does so until the request has timed out.
    gracefulStop: "3m",
  };
}

/**
 * One claim, and the result if it brought a task.
 * @param onTask hears of each task of this run: the task and its payload
 * @returns whether there was one
 */
export function workOnce(scenario, { run }, onTask = () => undefined) {
  const tags = { scenario_name: scenario };
  const { response, task } = claimTask(
    { commands: [COMMAND], leaseSeconds: LEASE_SECONDS, waitSeconds: WAIT_SECONDS },
    tags,
  );
  if (task === undefined) {
    if (response.status === 204) claimsEmpty.add(1);
    return false;
  }
  claimMs.add(response.timings.duration);
  const payload = payloadOf(task);
  const ours = payload.run === run;
  if (ours) {
    if (isRedeliveryUnderLease(task, LEASE_SECONDS * 1000)) redelivered.add(1);
    onTask(task, payload);
  }
  const send = () => submitResult(task.id, { ok: true, scenario }, tags);
  const accepted = enterResult(send, ours ? payload.iter : undefined, tags);
  if (accepted && Math.random() < RESUBMIT_SHARE) {
    // The first result stands. A second one that is accepted as well is a task done twice.
    if (submitResultAgain(task.id, tags).status === 200) duplicates.add(1);
  }
  return true;
}

// Of this VU: every VU runs this file for itself.
let pauseSeconds = PAUSE_SECONDS_MIN;

/** None after a task. */
function pause(hadTask) {
  if (hadTask) pauseSeconds = PAUSE_SECONDS_MIN;
  else {
    sleep(pauseSeconds);
    pauseSeconds = Math.min(2 * pauseSeconds, PAUSE_SECONDS_MAX);
  }
}

/** The body of a worker that works until the lane is empty, or until its time is over. */
export function workUntilDrained(scenario, data, { startSeconds, producersEndSeconds, endSeconds }, onTask) {
  const runStartMs = exec.scenario.startTime - startSeconds * 1000;
  const producersEndMs = runStartMs + producersEndSeconds * 1000;
  const endMs = runStartMs + endSeconds * 1000;
  let emptySinceMs;
  let drained = false;
  while (!drained && Date.now() < endMs) {
    const hadTask = workOnce(scenario, data, onTask);
    pause(hadTask);
    const now = Date.now();
    if (hadTask || now < producersEndMs) emptySinceMs = undefined;
    else emptySinceMs ??= now;
    if (emptySinceMs !== undefined && now - emptySinceMs >= DRAIN_CHECK_SECONDS * 1000) {
      drained = isDrained(data.before);
      emptySinceMs = now;
    }
  }
  wentHome.add(1);
}

/** Whether nobody was stopped at work. */
export function allWentHome(workers) {
  return (metrics) => metrics.codeq_workers_went_home?.values.count === workers;
}

export const WORKER_THRESHOLDS = {
  codeq_tasks_completed: ["count>0"],
  codeq_duplicate_completions: ["count<=0"],
  codeq_redelivered_under_lease: ["count<=0"],
};

/** Others may have left tasks with payloads of any kind. */
function payloadOf(task) {
  const payload = JSON.parse(task.payload);
  return payload !== null && typeof payload === "object" ? payload : {};
}
