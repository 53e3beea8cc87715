/** A message that is not what it should be. */
export class UnreadableMessage extends Error {
  override readonly name = "UnreadableMessage";
}

/** @throws UnreadableMessage when `read` throws */
export function readMessage<T>(read: () => T, name: string): T {
  try {
    return read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UnreadableMessage(`a message is not a valid ${name}: ${reason}`, { cause: error });
  }
}
