import { CodeqError } from "../../queue/errors.ts";
import { storageFaultOf } from "./storage-fault.ts";

/** What a group runs in; all of it synchronous. */
export interface Transaction {
  begin(): void;
  /** Writes what the operations left in memory. */
  write(): void;
  commit(): void;
  /** Undoes everything since `begin`, on disk and in memory. */
  rollback(): void;
  /** Told after each commit: how many tasks it changed. */
  committed(changes: number): void;
  /** Told of each operation that was refused for want of room. */
  refused(): void;
  /** Told when the file can no longer be trusted. */
  failed(reason: string): void;
}

interface Pending {
  readonly operation: () => unknown;
  readonly changesIn: (value: unknown) => number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: CodeqError) => void;
}

/**
 * Runs operations in one transaction per turn of the event loop: everything that arrived meanwhile, of every kind. The
 * price of a commit is shared, and nobody is answered before it.
 *
 * One bad operation does not spoil the others' commit: when an operation throws, the group is undone and each runs alone.
 */
export class GroupCommit {
  readonly #transaction: Transaction;
  #pending: Pending[] = [];
  #scheduled = false;
  /** Made once: it is needed for each operation. */
  readonly #flushLater = (): void => this.flush();

  constructor(transaction: Transaction) {
    this.#transaction = transaction;
  }

  /**
   * @param changesIn how many tasks the operation changed, by what it returned
   * @throws CodeqError as it became of the operation; COMMIT_UNKNOWN when it may or may not be on disk
   */
  run<T>(operation: () => T, changesIn: (value: T) => number): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    // The value handed to both is what this very operation returned.
    this.#pending.push({
      operation,
      changesIn: changesIn as (value: unknown) => number,
      resolve: resolve as (value: unknown) => void,
      reject,
    });
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(this.#flushLater);
    }
    return promise;
  }

  /** Nothing is pending: what can be seen now is what an operation would see. */
  get isIdle(): boolean {
    return this.#pending.length === 0;
  }

  /** Commits what is pending now. */
  flush(): void {
    this.#scheduled = false;
    const group = this.#pending;
    if (group.length === 0) return;
    this.#pending = [];
    if (this.#runTogether(group) || group.length === 1) return;
    for (const one of group) this.#runTogether([one]);
  }

  /** True unless the group has to be split to find out which operation cannot be done. */
  #runTogether(group: readonly Pending[]): boolean {
    const values: unknown[] = [];
    try {
      this.#transaction.begin();
      for (const { operation } of group) values.push(operation());
      this.#transaction.write();
    } catch (error) {
      return this.#undo(group, error);
    }
    try {
      this.#transaction.commit();
    } catch (error) {
      return this.#commitFailed(group, error);
    }
    let changes = 0;
    for (let index = 0; index < group.length; index += 1) changes += group[index]?.changesIn(values[index]) ?? 0;
    this.#transaction.committed(changes);
    for (let index = 0; index < group.length; index += 1) group[index]?.resolve(values[index]);
    return true;
  }

  #undo(group: readonly Pending[], cause: unknown): boolean {
    const fault = storageFaultOf(cause);
    try {
      this.#transaction.rollback();
    } catch (error) {
      return this.#giveUp(
        group,
        `rollback: ${messageOf(error)}`,
        new CodeqError("UNAVAILABLE", "storage fault", { cause }),
      );
    }
    if (fault?.lasting === true) return this.#giveUp(group, messageOf(cause), fault.error);
    if (group.length > 1) return false;
    this.#reject(group, fault?.error ?? errorOf(cause));
    return true;
  }

  /** A full disk wrote no commit record, so nothing happened. After any other error nobody knows. */
  #commitFailed(group: readonly Pending[], cause: unknown): boolean {
    const fault = storageFaultOf(cause);
    if (fault?.lasting === false) return this.#undo(group, cause);
    const message = "storage fault during commit: the change may or may not have happened";
    return this.#giveUp(group, messageOf(cause), new CodeqError("COMMIT_UNKNOWN", message, { cause }));
  }

  #giveUp(group: readonly Pending[], reason: string, error: CodeqError): boolean {
    this.#transaction.failed(reason);
    this.#reject(group, error);
    return true;
  }

  #reject(group: readonly Pending[], error: CodeqError): void {
    if (error.code === "DISK_FULL") this.#transaction.refused();
    for (const { reject } of group) reject(error);
  }
}

function errorOf(cause: unknown): CodeqError {
  return cause instanceof CodeqError ? cause : new CodeqError("INTERNAL", messageOf(cause), { cause });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
