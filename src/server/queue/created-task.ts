import type { NewTask } from "./store.ts";
import type { Task, TaskKey } from "./task.ts";
import { freshTask } from "./whole-task.ts";

/** What became of a create: an accepted outcome and its value in one, since there is one for each task. */
export class CreatedTask {
  readonly ok = true;
  readonly #fresh: NewTask;
  readonly #existing: Task | undefined;
  readonly #now: number;

  /** @param existing the task that was created before with the same idempotency key */
  constructor(fresh: NewTask, existing: Task | undefined, now: number) {
    this.#fresh = fresh;
    this.#existing = existing;
    this.#now = now;
  }

  get value(): this {
    return this;
  }

  get key(): TaskKey {
    return (this.#existing ?? this.#fresh).key;
  }

  /** The idempotency key was known: this is the task created with it before. */
  get replayed(): boolean {
    return this.#existing !== undefined;
  }

  /** As it is right after. Made when asked for: on streams nobody does. */
  get task(): Task {
    return this.#existing ?? freshTask(this.#fresh, this.#now);
  }
}
