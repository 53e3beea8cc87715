import { SQLiteError } from "bun:sqlite";
import { CodeqError } from "../../queue/errors.ts";

export interface StorageFault {
  /** What a client is told of an operation that did not happen. */
  readonly error: CodeqError;
  /** The file needs reopening before it is used again; otherwise it can be used at once. */
  readonly lasting: boolean;
}

/** Tells a full disk from a broken one; undefined for what is not a storage fault. */
export function storageFaultOf(cause: unknown): StorageFault | undefined {
  if (!(cause instanceof SQLiteError)) return undefined;
  const code = cause.code ?? "";
  if (code.startsWith("SQLITE_FULL"))
    return { error: new CodeqError("DISK_FULL", "disk full", { cause }), lasting: false };
  const broken = [
    "SQLITE_IOERR",
    "SQLITE_CORRUPT",
    "SQLITE_NOTADB",
    "SQLITE_CANTOPEN",
    "SQLITE_READONLY",
    "SQLITE_PROTOCOL",
  ];
  if (!broken.some((prefix) => code.startsWith(prefix))) return undefined;
  return { error: new CodeqError("UNAVAILABLE", "storage fault", { cause }), lasting: true };
}
