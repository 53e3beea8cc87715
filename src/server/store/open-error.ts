/** Why a store cannot be opened. */
export type OpenFault =
  /** Another process has it open. */
  | "locked"
  /** It cannot be created, read or written. */
  | "inaccessible"
  /** It lost acknowledged data, or is not what it should be. */
  | "damaged"
  /** A newer codeq wrote it. */
  | "newer";

/** Thrown at start-up; the message names the file and what to do. */
export class StoreOpenError extends Error {
  override readonly name = "StoreOpenError";
  readonly fault: OpenFault;

  constructor(fault: OpenFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}
