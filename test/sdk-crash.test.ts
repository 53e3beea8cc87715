import { expect, test } from "bun:test";
import { surviveWithSdk } from "./sdk-survive.ts";

/** What happens depends on it and on the machine: the same seed makes the same requests, not the same timing. */
const SEED = Number(process.env["CODEQ_TEST_SEED"] ?? Math.floor(Math.random() * 1e9));
const TIME_LIMIT_MS = 110_000;

test(
  `kill -9 under streaming load: SDK clients come back, and nothing is lost, doubled or reordered (CODEQ_TEST_SEED=${SEED})`,
  async () => {
    const { verdict, created, accepted } = await surviveWithSdk({ rounds: 12, signal: "SIGKILL", seed: SEED });
    expect(verdict.tasks).toBeGreaterThan(500);
    // The load went on between the crashes; every create was answered in the end.
    expect(created).toBe(verdict.tasks);
    expect(accepted).toBeGreaterThan(500);
  },
  TIME_LIMIT_MS,
);

test(
  `SIGTERM under streaming load loses nothing and exits 0 (CODEQ_TEST_SEED=${SEED})`,
  async () => {
    const { verdict, created } = await surviveWithSdk({ rounds: 4, signal: "SIGTERM", seed: SEED });
    expect(created).toBe(verdict.tasks);
  },
  TIME_LIMIT_MS,
);
