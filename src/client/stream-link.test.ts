import { expect, test } from "bun:test";
import { connectionOf } from "./connection-options.ts";
import { StreamLink } from "./stream-link.ts";
import { HandTiming } from "./timing-fixture.ts";

/** The fixture's chance takes half of the longest delay. */
const BACKOFF = { baseMs: 100, maxMs: 300 };

test("attempts to connect are ever further apart, up to the bound", async () => {
  const timing = new HandTiming();
  let lost = Promise.withResolvers<void>();
  const options = { token: "t", timing, backoff: BACKOFF, helloMsMax: Number.POSITIVE_INFINITY };
  const none = (): void => undefined;
  const link = new StreamLink(connectionOf(options, "127.0.0.1:1"), {
    path: "/producerpb.ProducerStream/Stream",
    hello: () => Buffer.alloc(0),
    greeted: none,
    received: none,
    writable: none,
    refused: none,
    ended: none,
    lost: () => lost.resolve(),
  });
  link.open();
  for (const delayMs of [50, 100, 150, 150]) {
    await lost.promise;
    lost = Promise.withResolvers();
    timing.advance(delayMs - 1);
    expect(timing.timers).toBe(1);
    timing.advance(1);
    expect(timing.timers).toBe(0);
  }
  link.close();
});
