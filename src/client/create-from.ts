import type { CreateOutcome } from "./producer.ts";

export interface CreateFromOptions<Task> {
  readonly source: Iterable<Task> | AsyncIterable<Task>;
  readonly create: (task: Task) => Promise<CreateOutcome>;
  /** Tasks may be under way. */
  readonly hasRoom: () => boolean;
  /** Until `hasRoom`. */
  readonly room: () => Promise<void>;
  /** Outcomes that may wait for the one who asks for them. */
  readonly windowMax: number;
}

/** Takes tasks from a source as there is room for them, and yields the outcomes in order, each as soon as it is there. */
export async function* createFrom<Task>(
  options: CreateFromOptions<Task>,
): AsyncGenerator<CreateOutcome, void, undefined> {
  const { source, create, hasRoom, room, windowMax } = options;
  const tasks = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const outcomes: Promise<CreateOutcome>[] = [];
  const read = async (): Promise<IteratorResult<Task, unknown>> => tasks.next();
  let reading: Promise<IteratorResult<Task, unknown>> | undefined;
  let exhausted = false;
  try {
    while (!exhausted || outcomes.length > 0) {
      const [first] = outcomes;
      const full = !hasRoom() || outcomes.length >= windowMax;
      if (first !== undefined && (exhausted || full)) {
        void outcomes.shift();
        yield await first;
        continue;
      }
      // Others fill the buffer.
      if (full) {
        await room();
        continue;
      }
      reading ??= read();
      const next = await (first === undefined ? reading : Promise.race([reading, first]));
      if ("ok" in next) {
        void outcomes.shift();
        yield next;
        continue;
      }
      reading = undefined;
      if (next.done === true) exhausted = true;
      else outcomes.push(create(next.value));
    }
  } finally {
    // Whoever left the loop early wants no more, not even what the source is about to say.
    reading?.catch(() => undefined);
    if (!exhausted) await tasks.return?.();
  }
}
