/** Something the user asked for that cannot be done as asked; ends with exit code 2. The message is one line. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}
