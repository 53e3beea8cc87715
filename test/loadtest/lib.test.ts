import { describe, expect, test } from "bun:test";
import { join } from "node:path";

/** What the scripts decide without k6. It is plain JavaScript, whose shape is told here. */
interface InversionWatch {
  passedOver(task: Readonly<Record<"priority" | "createdMs" | "claimedMs" | "attempts", number>>): boolean;
}

interface ClaimedTask {
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly attempts: number;
}

interface Config {
  readonly CODEQ_BASE_URL: string;
  readonly CODEQ_ADMIN_TOKEN: string;
  readonly COMMAND: string;
  readonly envSeconds: (name: string, fallback: string) => number;
  readonly duration: (seconds: number) => string;
}

const { InversionWatch: Watch } = await lib<{ InversionWatch: new (toleranceMs: number) => InversionWatch }>(
  "inversion-watch.js",
);
const { isRedeliveryUnderLease } = await lib<{
  isRedeliveryUnderLease: (task: ClaimedTask, leaseMs: number) => boolean;
}>("task-times.js");
const { weightOf, WEIGHT_MAX } = await lib<{ weightOf: (number: number) => number; WEIGHT_MAX: number }>(
  "task-weight.js",
);

describe("a worker that is handed a task", () => {
  const low = { priority: 0, createdMs: 0, claimedMs: 5000, attempts: 1 };
  const high = { priority: 9, createdMs: 3900, claimedMs: 6000, attempts: 1 };

  test("saw one of lower priority preferred to it if it was there longer than the tolerance", () => {
    const watch = new Watch(1000);
    expect([watch.passedOver(low), watch.passedOver(high)]).toEqual([false, true]);
  });

  test.each([
    ["came within the tolerance before the other was handed out", { ...high, createdMs: 4000 }],
    ["came after the other was handed out", { ...high, createdMs: 5500 }],
    ["came back from another worker", { ...high, attempts: 2 }],
    ["is of the same priority", { ...high, priority: 0 }],
  ])("saw nothing wrong when it %s", (_, task) => {
    const watch = new Watch(1000);
    watch.passedOver(low);
    expect(watch.passedOver(task)).toBe(false);
  });

  test("saw nothing wrong when the other came later", () => {
    const watch = new Watch(1000);
    expect([watch.passedOver(high), watch.passedOver(low)]).toEqual([false, false]);
  });

  test("remembers also what it got again", () => {
    const watch = new Watch(1000);
    watch.passedOver({ ...low, attempts: 2 });
    expect(watch.passedOver(high)).toBe(true);
  });
});

describe("a delivery comes while the lease of an earlier one runs", () => {
  const at = (ms: number): string => new Date(1_700_000_000_000 + ms).toISOString();

  test.each([
    ["when it is the second, too early for a lease to have ended", 2, 59_999, true],
    ["not when a lease can have ended meanwhile", 2, 60_000, false],
    ["not when it is the first", 1, 10, false],
  ])("%s", (_, attempts, ms, expected) => {
    expect(isRedeliveryUnderLease({ createdAt: at(0), updatedAt: at(ms), attempts }, 60_000)).toBe(expected);
  });
});

describe("the weights of tasks", () => {
  const weights = Array.from({ length: 100_000 }, (_, number) => weightOf(number));

  test("are whole numbers within their bounds, so that the sums of a billion tasks are exact", () => {
    expect(weights.every((weight) => Number.isInteger(weight) && weight >= 1 && weight <= WEIGHT_MAX)).toBe(true);
    expect(WEIGHT_MAX * 1_000_000_000).toBeLessThan(Number.MAX_SAFE_INTEGER);
  });

  test("differ between neighbours, and between groups of neighbours", () => {
    const sums = Array.from({ length: 99_988 }, (_, start) =>
      weights.slice(start, start + 12).reduce((sum, weight) => sum + weight, 0),
    );
    expect(sums.every((sum, start) => sum !== sums[start + 12] && sum !== sums[start + 1])).toBe(true);
  });
});

describe("settings", () => {
  test("have defaults for a server on this machine", async () => {
    expect(await configFor({})).toMatchObject({
      CODEQ_BASE_URL: "http://localhost:8080",
      CODEQ_PRODUCER_TOKEN: "dev-token",
      CODEQ_WORKER_TOKEN: "dev-token",
      CODEQ_ADMIN_TOKEN: "dev-token",
      COMMAND: "GENERATE_MASTER",
      LEASE_SECONDS: 60,
      WAIT_SECONDS: 0,
    });
  });

  test("are trimmed, and empty ones are as if they were not there", async () => {
    const config = await configFor({ CODEQ_BASE_URL: " https://queue.example.org/base// ", COMMAND: " " });
    expect(config).toMatchObject({ CODEQ_BASE_URL: "https://queue.example.org/base", COMMAND: "GENERATE_MASTER" });
  });

  test("come from each other: the token of the admin from the producer's, the lane from the first command", async () => {
    const env = { CODEQ_PRODUCER_TOKEN: "p", CODEQ_WORKER_TOKEN: "w", CODEQ_COMMANDS: ", A ,B" };
    expect(await configFor(env)).toMatchObject({ CODEQ_ADMIN_TOKEN: "p", CODEQ_WORKER_TOKEN: "w", COMMAND: "A" });
    expect(await configFor({ ...env, COMMAND: "C", CODEQ_ADMIN_TOKEN: "a" })).toMatchObject({
      CODEQ_ADMIN_TOKEN: "a",
      COMMAND: "C",
    });
  });

  test.each([
    ["90s", 90, "90000ms"],
    ["1h30m", 5400, "5400000ms"],
    ["1.5s", 1.5, "1500ms"],
    ["1d", 86_400, "86400000ms"],
    ["250ms", 0.25, "250ms"],
  ])("that are durations are read and written: %s", async (text, seconds, written) => {
    const { envSeconds, duration } = await configFor({ DURATION: text });
    expect(envSeconds("DURATION", "1s")).toBe(seconds);
    expect(duration(seconds)).toBe(written);
  });

  test.each([
    [{ LEASE_SECONDS: "0" }, 'LEASE_SECONDS: "0" is not valid, must be a whole number from 1 to 86400'],
    [{ LEASE_SECONDS: "1.5" }, 'LEASE_SECONDS: "1.5" is not valid'],
    [{ WAIT_SECONDS: "31" }, 'WAIT_SECONDS: "31" is not valid, must be a whole number from 0 to 30'],
  ])("that cannot be used are refused: %p", (env, message) => {
    expect(configFor(env)).rejects.toThrow(message);
  });
});

/** The module anew, as k6 would load it with these variables. */
async function configFor(env: Readonly<Record<string, string>>): Promise<Config> {
  Object.assign(globalThis, { __ENV: env });
  return lib<Config>(`config.js?${encodeURIComponent(JSON.stringify(env))}`);
}

async function lib<T>(file: string): Promise<T> {
  const path = join(import.meta.dir, "../../loadtest/k6/lib", file);
  return (await import(path)) as T; // what the file exports; the tests would not pass if it were not so
}
