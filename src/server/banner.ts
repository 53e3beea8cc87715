import type { BuildInfo } from "../build-info.ts";
import type { LogFields } from "./log.ts";

/** What one wants to know about a server that has just started. */
export interface StartReport {
  readonly build: BuildInfo;
  /** As bound: the real port, and possibly 0.0.0.0. */
  readonly url: string;
  readonly port: number;
  /** Where gRPC is spoken, and which streams are there. */
  readonly grpc: readonly {
    readonly serves: readonly ("producer" | "worker")[];
    readonly host: string;
    readonly port: number;
  }[];
  /** Absolute. */
  readonly dataDir: string;
  readonly shards: number;
  readonly durability: "off" | "normal" | "full";
  /** The development token when it is in force. */
  readonly devToken: string | undefined;
}

const SURVIVES: Readonly<Record<StartReport["durability"], string>> = {
  off: "acknowledged tasks survive a crash of codeq, not one of the machine",
  normal: "a power cut may take the newest tasks, never damages the files",
  full: "acknowledged tasks survive a power cut",
};

/** For people: several lines. */
export function banner(report: StartReport): string {
  const { build, url, grpc, dataDir, shards, durability } = report;
  const docs = `${reachable(url)}/docs`;
  const rows: readonly (readonly [string, string])[] = [
    ["data", `${dataDir} (${shards} ${shards === 1 ? "shard" : "shards"})`],
    ["durability", `${durability}: ${SURVIVES[durability]}`],
    [
      "grpc",
      grpc.length === 0
        ? "off"
        : grpc.map(({ serves, host, port }) => `${serves.join(" and ")} on ${host}:${port}`).join(", "),
    ],
    ["docs", docs],
    ["try", curlLine(report)],
  ];
  const lines = rows.map(([name, value]) => `  ${name.padEnd(10)}  ${value}\n`);
  return `codeq ${build.version} listens on ${url}\n${lines.join("")}`;
}

/** For programs: the fields of one log line. */
export function startFields(report: StartReport): LogFields {
  const { build, url, port, grpc, dataDir, shards, durability } = report;
  const grpcPorts = Object.fromEntries(grpc.flatMap(({ serves, port }) => serves.map((name) => [`${name}Port`, port])));
  const { version, commit } = build;
  return { url, port, ...grpcPorts, dataDir, durability, shards, version, commit, try: curlLine(report) };
}

/** Undefined when there is nothing to warn of. */
export function durabilityWarning(durability: StartReport["durability"]): string | undefined {
  if (durability !== "off") return undefined;
  return "durability is off: a power cut or a crash of the machine may take any tasks and damage the files; see --durability";
}

/** Creates a first task; ready to paste. */
function curlLine({ url, devToken }: StartReport): string {
  const token = devToken === undefined ? '"Authorization: Bearer $TOKEN"' : `'Authorization: Bearer ${devToken}'`;
  const body = '{"command":"HELLO","payload":{"name":"world"}}';
  return `curl -X POST ${reachable(url)}/v1/codeq/tasks -H ${token} -d '${body}'`;
}

/** An address that means "every address" is none to connect to. */
function reachable(url: string): string {
  return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
}
