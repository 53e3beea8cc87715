import type { CreateTask as CreateMessage } from "../../proto/generated/producer.ts";
import type { CodeqError } from "./codeq-error.ts";

/** A task that was stored. */
export interface Created {
  readonly id: string;
  /** There was a task with the given idempotency key before; `id` is that one. */
  readonly replayed: boolean;
}

/** A create that is not answered yet. */
export interface PendingCreate {
  readonly message: CreateMessage;
  readonly bytes: number;
  /** It may be sent again without creating a second task. */
  readonly repeatable: boolean;
  /** The key is ours: a replay is of our own earlier attempt. */
  readonly ownKey: boolean;
  sends: number;
  /** It was sent, and may have been stored without our knowing. */
  maybeStored: boolean;
  readonly resolve: (created: Created) => void;
  readonly reject: (error: CodeqError) => void;
}

const SUSPICIOUS_SENDS = 3;

/** Creates in the order they were asked for: those that wait to be sent, those that wait for their ack, those put off. */
export class CreateBacklog {
  #waiting: PendingCreate[] = [];
  /** Where in `#waiting` the first one is; what lies before it is gone. */
  #head = 0;
  /** By seq, in the order they were sent. */
  readonly #sent = new Map<number, PendingCreate>();
  /** Refused for now. */
  #postponed: PendingCreate[] = [];
  #bytes = 0;
  /** Sent, alone: nothing else is until it is answered. */
  #suspect: PendingCreate | undefined;

  get size(): number {
    return this.waiting + this.#sent.size + this.#postponed.length;
  }

  get waiting(): number {
    return this.#waiting.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(create: PendingCreate): void {
    this.#bytes += create.bytes;
    this.#waiting.push(create);
  }

  /** Is kept, but not to be sent before `resume`. */
  postpone(create: PendingCreate): void {
    this.#bytes += create.bytes;
    this.#postponed.push(create);
  }

  /** What was postponed waits to be sent again. */
  resume(): void {
    this.#waiting = [...this.#waiting.slice(this.#head), ...this.#postponed];
    this.#head = 0;
    this.#postponed = [];
  }

  /**
   * The next to be sent, one at least if there is one. They count as sent. One that was often sent in vain may be what
   * breaks the stream: it goes alone, when nothing else is on its way, so that others do not share its fate.
   */
  take(tasksMax: number, bytesMax: number): CreateMessage[] {
    const messages: CreateMessage[] = [];
    let bytes = 0;
    while (messages.length < tasksMax && this.#suspect === undefined) {
      const create = this.#waiting[this.#head];
      if (create === undefined) break;
      if (create.maybeStored && create.sends >= SUSPICIOUS_SENDS) {
        if (this.#sent.size > 0) break;
        this.#suspect = create;
      }
      bytes += create.bytes;
      if (messages.length > 0 && bytes > bytesMax) break;
      this.#head += 1;
      create.sends += 1;
      this.#sent.set(Number(create.message.seq), create);
      messages.push(create.message);
    }
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    } else if (this.#head > 4096) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return messages;
  }

  /** Undefined when nobody waits for it. */
  answered(seq: number): PendingCreate | undefined {
    const create = this.#sent.get(seq);
    if (create === undefined) return undefined;
    this.#sent.delete(seq);
    this.#bytes -= create.bytes;
    if (create === this.#suspect) this.#suspect = undefined;
    return create;
  }

  /** Everything sent waits to be sent again, before what has not been sent yet; what may not be, comes back. */
  reopen(mayRepeat: (create: PendingCreate) => boolean): PendingCreate[] {
    const sent = [...this.#sent.values()];
    this.#sent.clear();
    this.#suspect = undefined;
    for (const create of sent) create.maybeStored = true;
    this.#waiting = [...sent.filter(mayRepeat), ...this.#waiting.slice(this.#head)];
    this.#head = 0;
    const lost = sent.filter((create) => !mayRepeat(create));
    for (const { bytes } of lost) this.#bytes -= bytes;
    return lost;
  }

  /** Takes out everything. */
  clear(): PendingCreate[] {
    for (const create of this.#sent.values()) create.maybeStored = true;
    const all = [...this.#sent.values(), ...this.#waiting.slice(this.#head), ...this.#postponed];
    this.#sent.clear();
    this.#suspect = undefined;
    this.#waiting = [];
    this.#head = 0;
    this.#postponed = [];
    this.#bytes = 0;
    return all;
  }
}
