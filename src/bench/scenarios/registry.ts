import { backlog } from "./backlog.ts";
import { delayed } from "./delayed.ts";
import { gcPressure } from "./gc-pressure.ts";
import { httpCycle } from "./http-cycle.ts";
import { producerStreamVsRest } from "./producer-stream-vs-rest.ts";
import { profileFullCycle } from "./profile-full-cycle.ts";
import { saturationProducer } from "./saturation-producer.ts";
import { saturationWorker } from "./saturation-worker.ts";
import type { Scenario } from "./scenario.ts";
import { workerStreamVsRest } from "./worker-stream-vs-rest.ts";

/** Every scenario, in the order of `codeq bench list`. */
export const SCENARIOS: readonly Scenario[] = [
  profileFullCycle,
  saturationWorker,
  saturationProducer,
  producerStreamVsRest,
  workerStreamVsRest,
  httpCycle,
  gcPressure,
  delayed,
  backlog,
];
