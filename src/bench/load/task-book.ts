import { Irregulars } from "./irregulars.ts";
import { LiveCounts } from "./live-counts.ts";
import type { LoadPlan } from "./load-plan.ts";
import { RunClock } from "./run-clock.ts";
import { ID_CHARS, readIdWords } from "./task-id-words.ts";
import { CREATE, RESULT, ROW, TaskRows } from "./task-rows.ts";

/** A thread's way to write down what happens, as it happens. */
export class TaskBook {
  readonly rows: TaskRows;
  readonly counts: LiveCounts;
  readonly clock: RunClock;
  readonly irregulars = new Irregulars();
  /** How often each kind of request got each HTTP status, such as `create 202`. */
  readonly answers = new Map<string, number>();
  readonly #words: Int32Array;
  readonly #prefilled: number;
  readonly #createsAlone: boolean;

  constructor(plan: LoadPlan) {
    this.#prefilled = plan.prefilled;
    this.#createsAlone = plan.workers === undefined;
    this.rows = new TaskRows(plan.rows);
    this.counts = new LiveCounts(plan.counts);
    this.clock = new RunClock(plan.originMs);
    this.#words = this.rows.words;
  }

  answered(request: "create" | "claim" | "result", status: number): void {
    const key = `${request} ${status}`;
    this.answers.set(key, (this.answers.get(key) ?? 0) + 1);
  }

  createSent(tag: number, intendedUs: number, nowUs: number, delayMs: number): void {
    const at = this.rows.at(tag);
    this.#words[at + ROW.intended] = intendedUs;
    this.#words[at + ROW.createInvoke] = nowUs;
    this.#words[at + ROW.delayMs] = delayMs;
    this.#words[at + ROW.create] = CREATE.sent;
  }

  /** @param idAt where the 36 characters of the id begin in `bytes` */
  createAcked(tag: number, bytes: Uint8Array, idAt: number, nowUs: number): void {
    if (tag < 0 || tag >= this.rows.size) {
      this.#irregular("create-ack-unknown", undefined, `an ack for the create ${tag}`, nowUs);
      return;
    }
    const at = this.rows.at(tag);
    if (this.#words[at + ROW.create] !== CREATE.sent) {
      this.#irregular("create-acked-twice", tag, `a second ack for create ${tag}`, nowUs);
      return;
    }
    this.#words[at + ROW.createDone] = nowUs;
    this.#words[at + ROW.create] = CREATE.acked;
    this.counts.add("createsAnswered", 1);
    this.counts.add("created", 1);
    if (this.#createsAlone) this.#live(at + ROW.intended, 0, nowUs);
    this.#identify(tag, at + ROW.createdId, bytes, idAt);
  }

  createRefused(tag: number, reason: string, nowUs: number): void {
    this.counts.add("createsAnswered", 1);
    if (tag >= 0 && tag < this.rows.size) {
      this.#words[this.rows.at(tag) + ROW.create] = CREATE.refused;
      this.#words[this.rows.at(tag) + ROW.createDone] = nowUs;
    }
    this.#irregular("create-refused", tag, reason, nowUs);
  }

  /** @returns whether it is a task of ours to be worked on */
  delivered(tag: number, bytes: Uint8Array, idAt: number, attempts: number, worker: string, claimUs: number): boolean {
    const nowUs = this.clock.nowUs();
    if (tag < 0 || tag >= this.rows.size) {
      this.#irregular("delivery-unknown", undefined, `a task with the tag ${tag} that nobody created`, nowUs);
      return false;
    }
    const at = this.rows.at(tag);
    this.counts.add("delivered", 1);
    if (Atomics.add(this.#words, at + ROW.deliveries, 1) > 0) {
      const id = textAt(bytes, idAt);
      const delivery = { id, worker, attempts };
      const text = `task ${id} was delivered again`;
      this.irregulars.add({ kind: "delivered-twice", tag, text, invokeUs: claimUs, doneUs: nowUs, delivery });
      return true;
    }
    this.rows.addDelivered();
    this.#words[at + ROW.claimInvoke] = claimUs;
    this.#words[at + ROW.deliverDone] = nowUs;
    this.#words[at + ROW.attempts] = attempts;
    this.#identify(tag, at + ROW.deliveredId, bytes, idAt);
    return true;
  }

  resultSent(tag: number, nowUs: number): void {
    const at = this.rows.at(tag);
    this.#words[at + ROW.resultInvoke] = nowUs;
    this.#words[at + ROW.result] = RESULT.sent;
    this.counts.add("resultsSent", 1);
  }

  resultAcked(tag: number, nowUs: number): void {
    const at = this.rows.at(tag);
    this.counts.add("resultsAnswered", 1);
    if (this.#words[at + ROW.result] !== RESULT.sent) {
      this.#irregular(
        "result-ack-unknown",
        tag,
        `a second ack for the result of task ${this.rows.idOf(tag) ?? tag}`,
        nowUs,
      );
      return;
    }
    this.#words[at + ROW.resultDone] = nowUs;
    this.#words[at + ROW.result] = RESULT.acked;
    this.counts.add("resultsAcked", 1);
    // How long a task waited that was made beforehand says nothing of the server.
    const since = tag < this.#prefilled ? ROW.claimInvoke : ROW.intended;
    this.#live(at + since, (this.#words[at + ROW.delayMs] ?? 0) * 1000, nowUs);
  }

  resultRefused(tag: number, reason: string, nowUs: number): void {
    this.counts.add("resultsAnswered", 1);
    this.#words[this.rows.at(tag) + ROW.result] = RESULT.refused;
    this.#irregular("result-refused", tag, reason, nowUs);
  }

  streamError(text: string): void {
    this.#irregular("stream-error", undefined, text, this.clock.nowUs());
  }

  resultAckUnknown(text: string): void {
    this.#irregular("result-ack-unknown", undefined, text, this.clock.nowUs());
  }

  payloadChanged(text: string): void {
    this.#irregular("payload-changed", undefined, text, this.clock.nowUs());
  }

  /** For the live line alone. @param at the word with the time from which it counts */
  #live(at: number, delayUs: number, nowUs: number): void {
    this.counts.latency(nowUs - ((this.#words[at] ?? 0) >>> 0) - delayUs);
  }

  /** Create and delivery write in places of their own, for they may come at the same moment in two threads. */
  #identify(tag: number, at: number, bytes: Uint8Array, idAt: number): void {
    if (readIdWords(bytes, idAt, this.#words, at)) return;
    this.#irregular("payload-changed", tag, `"${textAt(bytes, idAt)}" is no task id`, this.clock.nowUs());
  }

  #irregular(kind: Parameters<Irregulars["add"]>[0]["kind"], tag: number | undefined, text: string, us: number): void {
    this.irregulars.add({ kind, tag, text, invokeUs: us, doneUs: us, delivery: undefined });
  }
}

function textAt(bytes: Uint8Array, at: number): string {
  return Buffer.from(bytes.subarray(at, at + ID_CHARS)).toString("latin1");
}
