import { choice, duration, integer } from "./kinds.ts";
import { DAY, SECOND } from "./quantities.ts";
import { setting } from "./setting.ts";

/** What becomes of a task in the course of time. */
export const queueSettings = {
  leaseMsDefault: setting({
    key: "defaultLeaseSeconds",
    flag: "lease",
    env: ["DEFAULT_LEASE_SECONDS"],
    kind: duration({ min: SECOND, max: 30 * DAY }),
    fallback: 300 * SECOND,
    group: "Queue",
    help: "lease of a claim that names none",
  }),
  leaseMsMax: setting({
    key: "maxLeaseSeconds",
    flag: "lease-max",
    env: ["CODEQ_MAX_LEASE_SECONDS"],
    kind: duration({ min: SECOND, max: 30 * DAY }),
    fallback: DAY,
    group: "Queue",
    help: "longest lease a worker may ask for",
  }),
  maxAttemptsDefault: setting({
    key: "maxAttemptsDefault",
    flag: "max-attempts",
    env: ["MAX_ATTEMPTS_DEFAULT"],
    kind: integer({ min: 1, max: 1_000_000, unit: "deliveries" }),
    fallback: 5,
    group: "Queue",
    help: "deliveries of a task that names no maximum, before it is dead",
  }),
  backoff: setting({
    key: "backoffPolicy",
    flag: "backoff",
    env: ["BACKOFF_POLICY"],
    kind: choice(["fixed", "linear", "exponential", "exp_equal_jitter", "exp_full_jitter"]),
    fallback: "exp_full_jitter",
    group: "Queue",
    help: "how the delay before the next delivery grows",
  }),
  backoffBaseMs: setting({
    key: "backoffBaseSeconds",
    flag: "backoff-base",
    env: ["BACKOFF_BASE_SECONDS"],
    kind: duration({ min: SECOND, max: DAY }),
    fallback: 5 * SECOND,
    group: "Queue",
    help: "first delay of the backoff",
  }),
  backoffMaxMs: setting({
    key: "backoffMaxSeconds",
    flag: "backoff-max",
    env: ["BACKOFF_MAX_SECONDS"],
    kind: duration({ min: SECOND, max: 30 * DAY }),
    fallback: 900 * SECOND,
    group: "Queue",
    help: "longest delay before the next delivery, asked for or computed",
  }),
  retentionMs: setting({
    key: "retentionSeconds",
    flag: "retention",
    env: ["CODEQ_RETENTION_SECONDS"],
    kind: duration({ min: SECOND, max: 3650 * DAY }),
    fallback: DAY,
    group: "Queue",
    help: "how long a finished task stays, counted from its end",
  }),
  delayMsMax: setting({
    key: "maxDelaySeconds",
    flag: "delay-max",
    env: ["CODEQ_MAX_DELAY_SECONDS"],
    kind: duration({ min: SECOND, max: 36_500 * DAY }),
    fallback: 3650 * DAY,
    group: "Queue",
    help: "how far ahead a task may be scheduled",
  }),
} as const;
