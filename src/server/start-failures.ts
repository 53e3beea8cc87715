import { CodeqError } from "./queue/errors.ts";
import { StartError, type StartFailure } from "./start-error.ts";
import { type OpenFault, StoreOpenError } from "./store/open-error.ts";

const FAILURE_OF_FAULT: Readonly<Record<OpenFault, StartFailure>> = {
  locked: "data",
  inaccessible: "data",
  damaged: "damage",
  newer: "damage",
};

/** Words what went wrong while opening the store. */
export function storeFailure(error: unknown, dataDir: string): StartError {
  if (error instanceof StoreOpenError) {
    return new StartError(FAILURE_OF_FAULT[error.fault], error.message, { cause: error });
  }
  if (error instanceof CodeqError && error.code === "DISK_FULL") {
    return new StartError("data", `data directory ${dataDir}: ${error.message}`, { cause: error });
  }
  return new StartError("data", `data directory ${dataDir} cannot be opened: ${messageOf(error)}`, { cause: error });
}

/**
 * Words why nothing listens on the address.
 * @param flag what to set for another port
 */
export function listenFailure(error: unknown, host: string, port: number, flag = "--port"): StartError {
  const where = `cannot listen on ${host.includes(":") ? `[${host}]` : host}:${port}`;
  const code = codeOf(error);
  return new StartError("address", `${where}: ${LISTEN_REASONS[code]?.replace("--port", flag) ?? messageOf(error)}`, {
    cause: error,
  });
}

const LISTEN_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there; stop it, or choose another --port",
  EACCES: "not permitted; ports below 1024 need a privilege, choose another --port",
  EADDRNOTAVAIL: "this machine has no such address; see --host",
};

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
