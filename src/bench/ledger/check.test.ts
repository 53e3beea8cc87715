import { describe, expect, test } from "bun:test";
import type { Delivery } from "./operation.ts";
import { cleanStory, Story, times } from "./story.ts";
import { describeVerdict, RULES, type RuleName } from "./verdict.ts";

const TAKEN_BACK: Partial<Delivery> = { attempts: 2, worker: "w2" };

/** What is done to the clean story, and the rule that must notice. */
const MUTATIONS: readonly (readonly [RuleName, string, (story: Story) => void])[] = [
  ["nothing-lost", "an acknowledged task is gone", (story) => void story.tasks.delete("s0-3")],
  ["nothing-lost", "a completed task is back in line", (story) => story.end(0, "ready", 1)],
  ["nothing-lost", "a failed task is called completed", (story) => story.end(2, "completed", 2)],
  ["nothing-lost", "a dead task lives", (story) => story.end(1, "leased", 3)],
  ["nothing-lost", "a finished task goes before its retention", (story) => void story.tasks.delete("s0-0")],
  ["nothing-lost", "a completed task is delivered again", (story) => story.deliver(0, 9000, TAKEN_BACK)],
  ["nothing-invented", "a task without a create is delivered", (story) => story.deliver(77, 9000)],
  [
    "nothing-invented",
    "a task is delivered whose create was refused",
    (story) => story.change("create", 7, { outcome: "fail", id: undefined }),
  ],
  [
    "nothing-invented",
    "a task is delivered before its create was sent",
    (story) => story.change("create", 2, times(2500)),
  ],
  ["created-once", "an unanswered create made two tasks", (story) => story.deliver(5, 9000, { id: "s0-5b" })],
  ["created-once", "an answered create made two tasks", (story) => story.deliver(8, 9000, { id: "s0-8b" })],
  [
    "created-once",
    "two creates were answered with one task",
    (story) => story.create(10, 9000, { id: "s0-9", tenant: "umbra" }),
  ],
  ["one-lease", "a second worker gets a task that is held", (story) => story.change("deliver", 2, times(2500))],
  ["one-lease", "a heartbeat did not extend the lease", (story) => story.held("heartbeat", 2, 2500)],
  ["one-lease", "two claims at the same time get the task", (story) => story.deliver(7, 7305, TAKEN_BACK)],
  ["one-lease", "an earlier holder may still extend", (story) => story.held("heartbeat", 2, 3150)],
  ["one-lease", "an earlier holder may still give back", (story) => story.held("nack", 2, 3150, { delayMs: 60_000 })],
  ["one-result", "two results are accepted", (story) => story.held("result", 0, 350)],
  ["one-result", "the late result of an earlier holder is accepted", (story) => story.held("result", 2, 3205)],
  ["one-result", "a stranger's result is accepted", (story) => story.change("result", 0, { worker: "w3" })],
  [
    "deliveries-bounded",
    "a task is delivered after its last attempt",
    (story) => story.change("create", 1, { maxAttempts: 1 }),
  ],
  [
    "deliveries-bounded",
    "more attempts are counted than allowed",
    (story) => story.change("deliver", 8, { attempts: 4 }),
  ],
  ["deliveries-bounded", "a delivery is not counted", (story) => story.change("deliver", 2, { attempts: 1 })],
  [
    "first-in-first-out",
    "the later of two tasks comes first",
    (story) => {
      story.change("deliver", 7, times(7450));
    },
  ],
  [
    "first-in-first-out",
    "the earlier of two tasks is passed over",
    (story) => {
      story.drop("deliver", 7);
      story.end(7, "ready", 0);
    },
  ],
  [
    "not-too-early",
    "a delayed task comes before it is due",
    (story) => {
      story.deliver(3, 9000);
      story.end(3, "leased", 1);
      story.sums = [];
    },
  ],
  [
    "not-too-early",
    "a nacked task comes back before its delay is over",
    (story) => story.held("nack", 1, 1250, { delayMs: 900, worker: "w9" }),
  ],
  ["one-key-one-task", "a key made a second task", (story) => story.change("create", 4, { id: "s0-4b" })],
  [
    "one-key-one-task",
    "a key of another create makes a second task",
    (story) => {
      story.create(11, 9000, { idempotencyKey: "key", command: "Z" });
      story.end(11, "ready", 0);
    },
  ],
  [
    "tenants-apart",
    "a task is delivered to another tenant",
    (story) => {
      story.deliver(9, 9000, { tenant: "acme" });
      story.end(9, "leased", 1);
      story.sums = [];
    },
  ],
  [
    "tenants-apart",
    "another tenant's heartbeat is accepted",
    (story) => story.change("heartbeat", 0, { tenant: "umbra" }),
  ],
  [
    "sums-agree",
    "a count is too low",
    (story) => void story.sums.push({ source: "x", tenant: "acme", command: "F", counts: { leased: 1 } }),
  ],
  [
    "sums-agree",
    "a count is too high",
    (story) => void story.sums.push({ source: "x", tenant: "acme", command: "F", counts: { dead: 1 } }),
  ],
  [
    "sums-agree",
    "more came of an unanswered create than one task",
    (story) => void story.sums.push({ source: "x", tenant: "acme", command: "E", counts: { ready: 2 } }),
  ],
  [
    "sums-agree",
    "there is a task nobody knows of",
    (story) => void story.tasks.set("s0-99", { state: "ready", attempts: 0 }),
  ],
  [
    "no-empty-claim",
    "a claim finds nothing though a new task waits",
    (story) => story.emptyClaim(7600, { tenant: "umbra" }),
  ],
  [
    "no-empty-claim",
    "a wildcard claim finds nothing",
    (story) => story.emptyClaim(7600, { tenant: "umbra", commands: undefined }),
  ],
  ["no-empty-claim", "a claim misses an abandoned task", (story) => story.emptyClaim(1250, { commands: ["B"] })],
  [
    "no-empty-claim",
    "a claim misses a task whose delay is over",
    (story) => story.emptyClaim(1060, { commands: ["B"] }),
  ],
  [
    "no-empty-claim",
    "a waiting claim misses a task that came and stayed",
    (story) => story.emptyClaim(7550, { tenant: "umbra", doneMs: 30_000 }),
  ],
];

test("a history that keeps every promise passes", () => {
  const verdict = cleanStory().check();
  expect(describeVerdict(verdict)).toBe("every promise kept: 30 operations on 10 tasks\n");
  expect(verdict).toMatchObject({ passed: true, counts: {}, examples: [] });
});

describe("a broken promise is named:", () => {
  for (const [rule, what, mutate] of MUTATIONS) {
    test(what, () => {
      const story = cleanStory();
      mutate(story);
      const verdict = story.check();
      expect(Object.keys(verdict.counts)).toContain(rule);
      expect(verdict.passed).toBe(false);
      expect(describeVerdict(verdict)).toContain(RULES[rule]);
    });
  }

  test("every rule has a history that breaks it alone", () => {
    const alone = new Set<string>();
    for (const [, , mutate] of MUTATIONS) {
      const story = cleanStory();
      mutate(story);
      const broken = Object.keys(story.check().counts);
      if (broken.length === 1) alone.add(broken.join());
    }
    expect([...alone].sort()).toEqual(Object.keys(RULES).sort());
  });
});

describe("what could have been is believed:", () => {
  const POSSIBLE: readonly (readonly [string, (story: Story) => void])[] = [
    [
      "a finished task is forgotten after its retention",
      (story) => {
        story.retentionMs = 50_000;
        story.sums = [];
        story.tasks.delete("s0-0");
      },
    ],
    [
      "the lease ended a moment early by another clock",
      (story) => story.change("deliver", 2, { invokeMs: 2000, doneMs: 2999 }),
    ],
    [
      "a result without an answer ended the lease",
      (story) => {
        story.held("result", 7, 7350, { outcome: "unknown" });
        story.deliver(7, 7360, TAKEN_BACK);
      },
    ],
    [
      "a shorter heartbeat ended the lease",
      (story) => {
        story.held("heartbeat", 7, 7350, { leaseMs: 20 });
        story.deliver(7, 7400, TAKEN_BACK);
      },
    ],
    [
      "two creates at the same time are delivered in any order",
      (story) => {
        story.change("create", 8, times(7105));
        story.change("deliver", 7, times(7450));
      },
    ],
    [
      "tasks of two shards are delivered in any order",
      (story) => {
        story.change("deliver", 7, times(7450));
        story.change("create", 8, { id: "s1-8" });
        story.change("deliver", 8, { id: "s1-8" });
        story.tasks.delete("s0-8");
        story.tasks.set("s1-8", { state: "leased", attempts: 1 });
      },
    ],
    [
      "a claim without an answer held the first in line",
      (story) => {
        story.change("deliver", 7, times(7450));
        story.emptyClaim(7250, { outcome: "unknown" });
      },
    ],
    ["an empty claim began before the task was acknowledged", (story) => story.emptyClaim(7495, { tenant: "umbra" })],
    ["an empty claim ended while another took the task", (story) => story.emptyClaim(1295, { commands: ["b"] })],
    [
      "a claim of another command finds nothing",
      (story) => story.emptyClaim(7600, { tenant: "umbra", commands: ["other"] }),
    ],
    ["a task that fell due is a moment late", (story) => story.emptyClaim(1000, { commands: ["B"] })],
    [
      "another claim without an answer had the task",
      (story) => {
        story.emptyClaim(7600, { tenant: "umbra" });
        story.emptyClaim(7550, { tenant: "umbra", outcome: "unknown" });
      },
    ],
  ];
  for (const [what, change] of POSSIBLE) {
    test(what, () => {
      const story = cleanStory();
      change(story);
      expect(describeVerdict(story.check())).toStartWith("every promise kept");
    });
  }
});

test("examples are few, but every break is counted", () => {
  const story = new Story();
  for (let tag = 0; tag < 50; tag += 1) story.create(tag, tag);
  const verdict = story.check();
  expect(verdict.counts).toEqual({ "nothing-lost": 50 });
  expect(verdict.examples.length).toBeLessThan(10);
});
