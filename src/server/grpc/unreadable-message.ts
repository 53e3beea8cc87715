/** A message that is not what it should be. */
export class UnreadableMessage extends Error {
  override readonly name = "UnreadableMessage";

  /** @param name what it should be */
  constructor(name: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`a message is not a valid ${name}: ${reason}`, { cause });
  }
}
