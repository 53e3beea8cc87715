import { setLogger } from "@grpc/grpc-js";
import type { Log } from "../log.ts";

/** What grpc-js has to say goes the way of our own lines. It knows one logger for the whole process. */
export function logLibraryTo(log: Log): void {
  const at =
    (level: "debug" | "warn") =>
    (...parts: readonly unknown[]): void =>
      log[level]("the gRPC library says something", { text: parts.join(" ") });
  setLogger({ error: at("warn"), info: at("debug"), debug: at("debug") });
}
