import { type Address, address } from "./address.ts";
import type { ServerConfig } from "./settings.ts";

/** An address and which streams are served there. */
export interface GrpcListenChoice {
  readonly host: string;
  readonly port: number;
  readonly serves: readonly ("producer" | "worker")[];
  /** What to set for another port. */
  readonly flag: string;
}

const WORKER_PORT = 9091;
const PRODUCER_PORT = 9092;

/** Where gRPC is spoken, according to three settings. */
export function grpcListens(config: GrpcAddresses): GrpcListenChoice[] {
  const { grpcAddress, workerAddress, producerAddress } = config;
  // Who asks for any free port, in a test for example, runs several servers on a machine.
  const automatic = (port: number): number => (config.port === 0 ? 0 : port);
  const listen = (
    address: Address,
    port: number,
    serves: GrpcListenChoice["serves"],
    flag: string,
  ): GrpcListenChoice[] => {
    if (address === "off") return [];
    if (address === "auto") return [{ host: config.host, port: automatic(port), serves, flag }];
    return [{ host: address.host ?? config.host, port: address.port, serves, flag }];
  };
  if (grpcAddress !== "auto") return listen(grpcAddress, 0, ["worker", "producer"], "--grpc-port");
  return [
    ...listen(workerAddress, WORKER_PORT, ["worker"], "--worker-port"),
    ...listen(producerAddress, PRODUCER_PORT, ["producer"], "--producer-port"),
  ];
}

/** Addresses that contradict each other, in words for whoever set them. */
export function listenProblems(config: GrpcAddresses): string[] {
  const problems: string[] = [];
  const { grpcAddress, workerAddress, producerAddress } = config;
  const own = [
    { key: "workerStreamAddr", flag: "--worker-port", address: workerAddress },
    { key: "producerStreamAddr", flag: "--producer-port", address: producerAddress },
  ];
  for (const { key, flag, address: one } of own) {
    if (grpcAddress === "auto" || one === "auto") continue;
    const both = `grpcAddr (${show(grpcAddress)}) takes the place of ${key} (${show(one)})`;
    problems.push(`${both}: leave one of --grpc-port and ${flag} out`);
  }
  const http = { host: config.host, port: config.port, flag: "--port" };
  const [first, second] = grpcListens(config);
  for (const listen of [first, second]) {
    if (listen === undefined || !overlap(http, listen)) continue;
    const where = show(listen);
    problems.push(`--port and ${listen.flag} are both ${where}: HTTP and gRPC need a port each`);
  }
  if (first !== undefined && second !== undefined && overlap(first, second)) {
    const both = `${first.flag} and ${second.flag} are both ${show(second)}`;
    problems.push(`${both}: one port for both is --grpc-port ${second.port}`);
  }
  return problems;
}

const kind = address();
const show = (value: Address): string => kind.show(value);
/** Listens on every address there is. */
const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

function overlap(one: Place, other: Place): boolean {
  if (one.port !== other.port || one.port === 0) return false;
  return one.host === other.host || WILDCARDS.has(one.host) || WILDCARDS.has(other.host);
}

interface Place {
  readonly host: string;
  readonly port: number;
}

type GrpcAddresses = Pick<ServerConfig, "host" | "port" | "grpcAddress" | "workerAddress" | "producerAddress">;
