/** What is remembered of unfinished tasks, the longest remembered forgotten first when there are too many. */
export class TraceBook<T> {
  readonly #entries = new Map<string, T>();
  readonly #entriesMax: number;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  get(taskId: string): T | undefined {
    return this.#entries.get(taskId);
  }

  set(taskId: string, entry: T): void {
    // What is set again counts as new.
    this.#entries.delete(taskId);
    this.#entries.set(taskId, entry);
    if (this.#entries.size <= this.#entriesMax) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  delete(taskId: string): void {
    this.#entries.delete(taskId);
  }
}
