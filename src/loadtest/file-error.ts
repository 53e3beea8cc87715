/**
 * What the file system answered, for a message.
 * @throws what is no answer of the file system
 */
export function fileErrorMessage(error: unknown): string {
  if (error instanceof Error && "code" in error) return error.message;
  throw error;
}
