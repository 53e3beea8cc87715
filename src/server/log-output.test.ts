import { expect, test } from "bun:test";
import { HandSchedule, settled } from "./hand-schedule.ts";
import { LogOutput } from "./log-output.ts";

/** A reader that stands still until it is told to read. */
function reader(bytesAtOnce = Number.POSITIVE_INFINITY) {
  const { promise: reading, resolve: read } = Promise.withResolvers<void>();
  const taken = { text: "" };
  const writeSome = async (bytes: Uint8Array): Promise<number> => {
    await reading;
    const some = bytes.subarray(0, bytesAtOnce);
    taken.text += new TextDecoder().decode(some);
    return some.length;
  };
  return { writeSome, read, taken };
}

test("lines come whole and in the order they were written, however little the reader takes at once", async () => {
  const { writeSome, read, taken } = reader(2);
  const output = new LogOutput(writeSome, new HandSchedule().schedule);
  for (const line of ["first\n", "second\n", "third\n"]) output.write(line);
  read();
  await output.flush();
  expect(taken.text).toBe("first\nsecond\nthird\n");
});

test("a reader that stands still costs lines, not memory, and is told how many", async () => {
  const { writeSome, read, taken } = reader();
  const output = new LogOutput(writeSome, new HandSchedule().schedule);
  const line = `${"x".repeat(1023)}\n`;
  for (let count = 0; count < 10_000; count += 1) output.write(line);
  read();
  await output.flush();
  expect(taken.text.length).toBe(4 * 1024 * 1024);
  output.write("last\n");
  output.write("very last\n");
  await output.flush();
  expect(taken.text).toEndWith(`x\nWARN  ${10_000 - 4096} lines were not read in time and are lost\nlast\nvery last\n`);
});

test("a flush gives such a reader a second and no more", async () => {
  const hand = new HandSchedule();
  const output = new LogOutput(reader().writeSome, hand.schedule);
  output.write("never read\n");
  const flushed = output.flush();
  await hand.pass(1000);
  await flushed;
});

test("a pipe that is full is tried again", async () => {
  const hand = new HandSchedule();
  let attempts = 0;
  const output = new LogOutput(async (bytes) => {
    attempts += 1;
    if (attempts < 3) throw Object.assign(new Error("try again"), { code: "EAGAIN" });
    return bytes.length;
  }, hand.schedule);
  output.write("line\n");
  await settled();
  await hand.pass(100);
  await output.flush();
  expect(attempts).toBe(3);
});

test("a reader that is gone is no failure", async () => {
  const broken = (): Promise<number> => Promise.reject(Object.assign(new Error("broken pipe"), { code: "EPIPE" }));
  const output = new LogOutput(broken, new HandSchedule().schedule);
  output.write("lost\n");
  await output.flush();
  output.write("lost, too\n");
  await output.flush();
});
