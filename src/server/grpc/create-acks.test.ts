import { expect, test } from "bun:test";
import { ServerEvent } from "../../../proto/generated/producer.ts";
import { BinaryWriter } from "../../../proto/wire.ts";
import { CreatedTask } from "../queue/created-task.ts";
import { accepted, refused } from "../queue/errors.ts";
import { formatTaskId, type TaskIdSeed, writeTaskId } from "../queue/task-id.ts";
import { freshTask } from "../queue/whole-task.ts";
import { newTask } from "../store/store-fixture.ts";
import type { IdWriter } from "./assignment.ts";
import { CreateAcks, type CreateAnswer } from "./create-acks.ts";

const SEED: TaskIdSeed = [3, 4];
const ids: IdWriter = { writeId: ({ key }, target, start) => writeTaskId(key, SEED, target, start) };
const BLANK = { ok: false, taskId: "", errorMessage: "", replayed: false, errorCode: "" };

const fresh = newTask();
const existing = freshTask(newTask(), 0);
const created = new CreatedTask(fresh, undefined, 0);
const replayed = new CreatedTask(newTask(), existing, 0);
const taskId = formatTaskId(fresh.key, SEED);
const answers: readonly (CreateAnswer & { readonly reads: object })[] = [
  { seq: 0n, outcome: accepted(created), reads: { ...BLANK, ok: true, taskId } },
  {
    seq: 2n ** 64n - 1n,
    outcome: accepted(replayed),
    reads: { ...BLANK, ok: true, taskId: formatTaskId(existing.key, SEED), replayed: true },
  },
  {
    seq: 300n,
    outcome: refused("INVALID_ARGUMENT", `é: ${"x".repeat(200)}`),
    reads: { ...BLANK, errorMessage: `é: ${"x".repeat(200)}`, errorCode: "INVALID_ARGUMENT" },
  },
  { seq: 1n, outcome: undefined, reads: { ...BLANK, errorMessage: "no answer", errorCode: "INTERNAL" } },
];

function read(acks: CreateAcks): ServerEvent {
  return ServerEvent.decode(acks.encode(new BinaryWriter(8)).finish());
}

test.each(answers)("an ack reads as it was written: $seq", (answer) => {
  const value = { seq: answer.seq, ...answer.reads };
  expect(read(new CreateAcks([answer], false, ids))).toEqual({
    event: { $case: "createAck", value },
  } as ServerEvent);
});

test("several read as a batch, in order, and so does one that has to", () => {
  for (const some of [answers, answers.slice(0, 1)]) {
    const acks = some.map(({ seq, reads }) => ({ seq, ...reads }));
    const event = { event: { $case: "createAckBatch", value: { acks } } } as ServerEvent;
    expect(read(new CreateAcks(some, true, ids))).toEqual(event);
  }
});
