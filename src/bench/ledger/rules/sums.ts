import type { Census, FinalState, LaneSum } from "../census.ts";
import { laneOf, type TaskHistory } from "../task-history.ts";
import type { Findings } from "../verdict.ts";

interface LaneTally {
  readonly states: Map<FinalState, number>;
  /** Creates without an answer whose task, if there is one, was never seen. */
  unseen: number;
}

/** Adds up the tasks that are there in the end, and compares with every other count of them. */
export class SumBook {
  readonly #census: Census;
  readonly #lanes = new Map<string, LaneTally>();
  #counted = 0;

  constructor(census: Census) {
    this.#census = census;
  }

  add({ creates, ids }: TaskHistory): void {
    const [create] = creates;
    if (create === undefined) return;
    const tally = this.#laneOf(create.tenant, create.command);
    for (const id of ids) {
      const state = this.#census.tasks.get(id)?.state;
      if (state === undefined) continue;
      this.#counted += 1;
      tally.states.set(state, (tally.states.get(state) ?? 0) + 1);
    }
    if (ids.length === 0) tally.unseen += creates.length;
  }

  check(findings: Findings): void {
    const unknown = this.#census.tasks.size - this.#counted;
    if (unknown !== 0) findings.add("sums-agree", `${unknown} more tasks are there than operations tell of`, []);
    for (const sum of this.#census.sums) this.#compare(sum, findings);
  }

  #compare({ source, tenant, command, counts }: LaneSum, findings: Findings): void {
    const { states, unseen } = this.#laneOf(tenant, command);
    let surplus = 0;
    // The keys of `counts` are states.
    for (const [state, count] of Object.entries(counts) as [FinalState, number][]) {
      const expected = states.get(state) ?? 0;
      surplus += Math.max(count - expected, 0);
      if (count >= expected) continue;
      const message = `${source}: ${count} ${state} tasks of ${command} for ${tenant}, but ${expected} are there`;
      findings.add("sums-agree", message, []);
    }
    if (surplus <= unseen) return;
    const message = `${source}: ${surplus} more tasks of ${command} for ${tenant} than are there`;
    findings.add("sums-agree", unseen === 0 ? message : `${message} (${unseen} creates are open)`, []);
  }

  #laneOf(tenant: string, command: string): LaneTally {
    const lane = laneOf(tenant, command);
    const known = this.#lanes.get(lane);
    if (known !== undefined) return known;
    const fresh: LaneTally = { states: new Map(), unseen: 0 };
    this.#lanes.set(lane, fresh);
    return fresh;
  }
}
