import { describe, expect, test } from "bun:test";
import { rowsOf, type StoryEnd, type TaskStory, taskId, taskStory } from "../load/task-story-fixture.ts";
import { screenRows } from "./row-screen.ts";

const screen = (stories: readonly TaskStory[]) => screenRows(rowsOf(stories, 1000));
const one = (end: StoryEnd, change: Partial<TaskStory>) => screen([taskStory(0, end, change)]);

test("every task is counted in what it got to", () => {
  const lost = { create: "sent", createDone: 0, createdId: undefined } as const;
  const { sums } = screen([
    ...Array.from({ length: 5 }, (_, number) => taskStory(number, "completed")),
    ...Array.from({ length: 3 }, (_, number) => taskStory(5 + number, "leased")),
    taskStory(8, "leased", { result: "sent", resultInvoke: 9500 }),
    taskStory(9, "leased", { result: "refused", resultInvoke: 9500, resultDone: 9600 }),
    ...Array.from({ length: 4 }, (_, number) => taskStory(10 + number, "waiting")),
    taskStory(14, "waiting", { create: "refused", createdId: undefined }),
    taskStory(15, "waiting", lost),
    taskStory(16, "completed", lost),
    taskStory(17, "waiting", { create: "none", createdId: undefined }),
  ]);
  expect(sums).toEqual({
    creates: 17,
    createsAcked: 14,
    createsUnknown: 2,
    delivered: 11,
    resultsAcked: 6,
    resultsUnknown: 1,
    queued: 4,
    unfinished: 5,
  });
});

describe("an ordinary task is no suspect", () => {
  test.each([
    ["that waits", one("waiting", {})],
    ["that is leased", one("leased", {})],
    ["that is completed", one("completed", {})],
    ["whose create was refused", one("waiting", { create: "refused" })],
    ["whose create got no answer, and which came", one("completed", { create: "sent", createdId: undefined })],
    ["that came before the answer to its create", one("completed", { createDone: 5000 })],
    [
      "that came at the very moment it was due",
      one("completed", { createInvoke: 1000, delayMs: 2, deliverDone: 3000 }),
    ],
  ])("%s", (_, { suspects, suspectsTotal }) => {
    expect({ suspects, suspectsTotal }).toEqual({ suspects: [], suspectsTotal: 0 });
  });
});

describe("a suspect is a task", () => {
  test.each([
    ["that came twice", one("completed", { deliveries: 2 })],
    ["that came although its create was refused", one("completed", { create: "refused" })],
    ["that nobody created", one("completed", { create: "none" })],
    ["whose first delivery is not the first for the server", one("completed", { attempts: 2 })],
    ["whose delivery the server has not counted", one("completed", { attempts: 0 })],
    ["that came before it was created", one("completed", { createInvoke: 1000, deliverDone: 999 })],
    ["that came before it was due", one("completed", { createInvoke: 1000, delayMs: 2, deliverDone: 2999 })],
    ["that came under another id than it was acknowledged with", one("completed", { deliveredId: taskId(1) })],
  ])("%s", (_, { suspects, suspectsTotal }) => {
    expect({ suspects, suspectsTotal }).toEqual({ suspects: [0], suspectsTotal: 1 });
  });

  test("and all are counted, but only some looked at", () => {
    const many = Array.from({ length: 1000 }, (_, number) => taskStory(number, "completed", { attempts: 2 }));
    const { suspects, suspectsTotal } = screen(many);
    expect(suspectsTotal).toBe(1000);
    expect(suspects).toEqual(Array.from({ length: 200 }, (_, tag) => tag));
  });
});
