import { expect, test } from "bun:test";
import { MemoryStore } from "../store/memory-store.ts";
import { GrpcFixture, TEST_LIMITS, until } from "./grpc-fixture.ts";
import { Readys } from "./readys.ts";

test("sorts of Ready that nobody waits for are forgotten: clients choose how many there are", async () => {
  await using server = await GrpcFixture.start(new MemoryStore([1, 2]));
  const { queue, time } = server;
  const stopped = new AbortController();
  let delivered = 0;
  const readys = new Readys({
    queue,
    who: { tenant: "dev-tenant", worker: "w" },
    caller: CALLER,
    limits: TEST_LIMITS,
    signal: stopped.signal,
    lastCall: stopped.signal,
    schedule: (callback, delayMs) => time.schedule(callback, delayMs),
    room: () => undefined,
    deliver: (tasks) => {
      delivered += tasks.length;
    },
    refuse: () => undefined,
    giveBack: () => undefined,
    onTrouble: () => undefined,
    onFinished: () => undefined,
  });
  for (let count = 1; count <= 100; count += 1) {
    await server.fill(1, { command: `C${count}` });
    readys.add({ commands: [`C${count}`], leaseSeconds: 0, count: 1 });
    await until(() => delivered === count);
  }
  expect(readys.waiting).toBe(0);
  expect(readys.lines).toBeLessThanOrEqual(17);
  stopped.abort();
});

const CALLER = {
  subject: "w",
  email: "",
  tenant: "dev-tenant",
  scopes: new Set<string>(),
  eventTypes: ["*"],
  admin: false,
  expiresMs: undefined,
};
