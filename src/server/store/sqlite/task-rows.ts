import type { Statement } from "bun:sqlite";
import type { NewTask } from "../../queue/store.ts";
import type { Lane } from "./lane-book.ts";
import { RowInserts } from "./row-inserts.ts";
import type { StatementSet } from "./statement-set.ts";
import { traceText } from "./trace-text.ts";

/**
 * Rows of new tasks, what was asked for. They are in the table after `flush`, which whoever reads there calls first, and
 * who commits.
 */
export class TaskRows {
  readonly #plain: RowInserts;
  readonly #keyed: RowInserts;
  readonly #rare: Statement<unknown, [number, number, number, number, ...(string | null)[]]>;

  constructor(db: StatementSet) {
    const shared = ["lane", "priority", "max_attempts"];
    this.#plain = new RowInserts(db, "task", { own: ["id", "payload"], shared });
    this.#keyed = new RowInserts(db, "task", { own: ["id", "payload", "idempotency_key"], shared });
    this.#rare = db.prepare("INSERT INTO task VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  }

  /** Rows are the fastest to insert in the order of their numbers, so those of the other kinds go first. */
  add(item: NewTask, lane: Lane): void {
    const { key, command, payload, priority, maxAttempts, webhook, idempotencyKey, trace } = item;
    if (command !== lane.command || webhook !== undefined || trace !== undefined) this.#addRare(item, lane);
    else if (idempotencyKey === undefined) {
      this.#keyed.flush();
      this.#plain.add(lane.id, priority, maxAttempts).push(key.sequence, payload);
    } else {
      this.#plain.flush();
      this.#keyed.add(lane.id, priority, maxAttempts).push(key.sequence, payload, idempotencyKey);
    }
  }

  flush(): void {
    this.#plain.flush();
    this.#keyed.flush();
  }

  /** To be called when the transaction is undone. */
  forget(): void {
    this.#plain.forget();
    this.#keyed.forget();
  }

  #addRare(item: NewTask, lane: Lane): void {
    this.flush();
    const { key, command, priority, maxAttempts, payload, webhook, idempotencyKey, trace } = item;
    this.#rare.run(
      key.sequence,
      lane.id,
      priority,
      maxAttempts,
      command === lane.command ? null : command,
      payload,
      webhook ?? null,
      idempotencyKey ?? null,
      trace === undefined ? null : traceText(trace),
    );
  }
}
