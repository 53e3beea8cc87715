import type { Address } from "./address.ts";
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

type GrpcAddresses = Pick<ServerConfig, "host" | "port" | "grpcAddress" | "workerAddress" | "producerAddress">;
