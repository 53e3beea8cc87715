import type { Operation } from "./operation.ts";

/** What a queue promises, in the words of a broken promise's report. */
export const RULES = {
  "nothing-lost": "an acknowledged task or result is still there in the end",
  "nothing-invented": "nothing is delivered that nobody created",
  "created-once": "a create makes at most one task, acknowledged or not",
  "one-lease": "two live leases of one task never overlap",
  "one-result": "a task has at most one accepted result, from a worker it was delivered to",
  "deliveries-bounded": "a task is delivered at most maxAttempts times, abandoned deliveries aside",
  "first-in-first-out": "within a lane, priority and shard, what was created before is delivered before",
  "not-too-early": "nothing is delivered before it is due",
  "one-key-one-task": "one idempotency key stands for one task",
  "tenants-apart": "nothing crosses from one tenant to another",
  "sums-agree": "what was created is what is there, in every count",
  "no-empty-claim": "no claim comes back empty while a matching task can be had",
} as const;

export type RuleName = keyof typeof RULES;

export interface Violation {
  readonly rule: RuleName;
  readonly message: string;
  /** The operations that cannot all be true. */
  readonly operations: readonly Operation[];
}

/** What a check found. Plain data. */
export interface Verdict {
  readonly passed: boolean;
  /** How often each rule was broken; rules that were kept are absent. */
  readonly counts: Readonly<Partial<Record<RuleName, number>>>;
  /** Some of what was found, at most a few for each rule. */
  readonly examples: readonly Violation[];
  readonly operations: number;
  readonly tasks: number;
}

const EXAMPLES_MAX = 5;

/** Gathers what the rules find. */
export class Findings {
  readonly #counts: Partial<Record<RuleName, number>> = {};
  readonly #examples: Violation[] = [];

  add(rule: RuleName, message: string, operations: readonly Operation[]): void {
    const count = (this.#counts[rule] ?? 0) + 1;
    this.#counts[rule] = count;
    if (count <= EXAMPLES_MAX) this.#examples.push({ rule, message, operations });
  }

  verdict(operations: number, tasks: number): Verdict {
    const passed = this.#examples.length === 0;
    return { passed, counts: this.#counts, examples: this.#examples, operations, tasks };
  }
}

/** For people: one line for each broken rule, then its examples with one line for each operation. */
export function describeVerdict(verdict: Verdict): string {
  const size = `${verdict.operations} operations on ${verdict.tasks} tasks`;
  if (verdict.passed) return `every promise kept: ${size}\n`;
  const lines = [`promises broken: ${size}`];
  for (const [rule, promise] of Object.entries(RULES)) {
    const examples = verdict.examples.filter((violation) => violation.rule === rule);
    if (examples.length === 0) continue;
    // The keys of RULES are rule names.
    lines.push(`${rule} (${verdict.counts[rule as RuleName] ?? 0} times): ${promise}`);
    for (const { message, operations } of examples) {
      lines.push(`  ${message}`, ...operations.map((operation) => `    ${JSON.stringify(operation)}`));
    }
  }
  return `${lines.join("\n")}\n`;
}
