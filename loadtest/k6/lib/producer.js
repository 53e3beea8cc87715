import exec from "k6/execution";
import { enterCreate } from "./accounts.js";
import { createTask } from "./codeq.js";
import { COMMAND, duration, envFloat, envInt } from "./config.js";

/** Creates arrive at a rate of their own, however long the server takes to answer. */
export function producerScenario({ exec: run, rate, seconds, vusMin = 20 }) {
  const preAllocatedVUs = envInt("PRODUCER_PREALLOC_VUS", Math.max(vusMin, Math.ceil(rate / 20)), { min: 1 });
  const maxVUs = envInt("PRODUCER_MAX_VUS", 2 * preAllocatedVUs, { min: 1 });
  return {
    executor: "constant-arrival-rate",
    exec: run,
    rate,
    timeUnit: "1s",
    duration: duration(seconds),
    preAllocatedVUs,
    maxVUs: Math.max(preAllocatedVUs, maxVUs),
  };
}

/** An arrival that finds every producer waiting for an answer is dropped; more than this are a failure. */
export function droppedThresholds(planned) {
  const share = envFloat("DROPPED_PCT_MAX", 1, { max: 100 }) / 100;
  return { dropped_iterations: [`count<=${Math.ceil(planned * share)}`] };
}

/** Creates one task of this run and enters it in the books. @returns whether the task is there */
export function produce(scenario, { run }, task = {}, tags = {}) {
  const { payload, ...rest } = task;
  const iter = exec.scenario.iterationInTest;
  const said = { source: "k6", scenario, run, vu: exec.vu.idInTest, iter, ...payload };
  const send = () => createTask({ command: COMMAND, payload: said, ...rest }, { scenario_name: scenario, ...tags });
  return enterCreate(send, iter, tags);
}
