/** A message that is not what it should be. */
export class UnreadableMessage extends Error {
  override readonly name = "UnreadableMessage";
}

/** @throws UnreadableMessage for bytes that `decode` cannot read */
export function readMessage<T>(decode: (bytes: Buffer) => T, bytes: Buffer, name: string): T {
  try {
    return decode(bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UnreadableMessage(`a message is not a valid ${name}: ${reason}`, { cause: error });
  }
}
