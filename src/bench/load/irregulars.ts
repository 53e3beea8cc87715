/** Something a client saw that does not fit into the row of a task. */
export interface Irregular {
  readonly kind:
    | "create-refused"
    | "create-acked-twice"
    | "create-ack-unknown"
    | "delivered-twice"
    | "delivery-unknown"
    | "payload-changed"
    | "result-refused"
    | "result-ack-unknown"
    | "stream-error";
  /** Undefined when it cannot be told. */
  readonly tag: number | undefined;
  readonly text: string;
  /** On the run's clock; when what was asked for was asked, and when this was seen. */
  readonly invokeUs: number;
  readonly doneUs: number;
  /** Of a second delivery. */
  readonly delivery: { readonly id: string; readonly worker: string; readonly attempts: number } | undefined;
}

const KEPT_MAX = 1000;

/** Keeps the first of them, and counts all. */
export class Irregulars {
  readonly kept: Irregular[] = [];
  total = 0;

  add(irregular: Irregular): void {
    this.total += 1;
    if (this.kept.length < KEPT_MAX) this.kept.push(irregular);
  }
}
