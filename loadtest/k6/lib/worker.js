import { sleep } from "k6";
import { Counter, Trend } from "k6/metrics";
import { enterResult } from "./accounts.js";
import { claimTask, submitResult, submitResultAgain } from "./codeq.js";
import { COMMAND, envFloat, LEASE_SECONDS, WAIT_SECONDS } from "./config.js";
import { isDrained } from "./run.js";

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
const redelivered = new Counter("codeq_redelivered_under_lease");

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
  if (payload.run === run) {
    judgeDelivery(task);
    onTask(task, payload);
  }
  const accepted = enterResult(() => submitResult(task.id, { ok: true, scenario }, tags), tags);
  if (accepted && Math.random() < RESUBMIT_SHARE) {
    // The first result stands. A second one that is accepted as well is a task done twice.
    if (submitResultAgain(task.id, tags).status === 200) duplicates.add(1);
  }
  return true;
}

/** The body of a worker that is there for the whole scenario. */
export function work(scenario, data, onTask) {
  pause(workOnce(scenario, data, onTask));
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
export function workUntilDrained(scenario, data, { producersEndMs, endMs }, onTask) {
  let emptySinceMs;
  while (Date.now() < endMs) {
    const hadTask = workOnce(scenario, data, onTask);
    pause(hadTask);
    if (hadTask) {
      emptySinceMs = undefined;
      continue;
    }
    const now = Date.now();
    if (now < producersEndMs) continue;
    emptySinceMs ??= now;
    if (now - emptySinceMs < DRAIN_CHECK_SECONDS * 1000) continue;
    if (isDrained(data.before)) return;
    emptySinceMs = now;
  }
}

export const WORKER_THRESHOLDS = {
  codeq_tasks_completed: ["count>0"],
  codeq_duplicate_completions: ["count<=0"],
  codeq_redelivered_under_lease: ["count<=0"],
};

/** Milliseconds by the server's clock at which a task was created, and at which it was handed out. */
export function taskTimes({ createdAt, updatedAt }) {
  return { createdMs: Date.parse(createdAt), claimedMs: Date.parse(updatedAt) };
}

/** Workers of this run neither nack nor abandon, so a second delivery needs the first lease to have ended. */
function judgeDelivery(task) {
  const { createdMs, claimedMs } = taskTimes(task);
  if (task.attempts > 1 && claimedMs - createdMs < LEASE_SECONDS * 1000) redelivered.add(1);
}

/** Others may have left tasks with payloads of any kind. */
function payloadOf(task) {
  const payload = JSON.parse(task.payload);
  return payload !== null && typeof payload === "object" ? payload : {};
}
