import { expect, test } from "bun:test";
import { grpcListens, listenProblems } from "./grpc-listens.ts";

const config = {
  host: "10.0.0.1",
  port: 8080,
  grpcAddress: "auto",
  workerAddress: "auto",
  producerAddress: "auto",
} as const;

test("workers and producers have a port each, on the host of the HTTP port", () => {
  expect(grpcListens(config)).toEqual([
    { host: "10.0.0.1", port: 9091, serves: ["worker"], flag: "--worker-port" },
    { host: "10.0.0.1", port: 9092, serves: ["producer"], flag: "--producer-port" },
  ]);
});

test("next to a free HTTP port they take free ones too", () => {
  expect(grpcListens({ ...config, port: 0 }).map(({ port }) => port)).toEqual([0, 0]);
});

test("an address of its own wins, and either can be off", () => {
  const listens = grpcListens({ ...config, workerAddress: { host: "::1", port: 7000 }, producerAddress: "off" });
  expect(listens).toEqual([{ host: "::1", port: 7000, serves: ["worker"], flag: "--worker-port" }]);
});

test("one port serves both, or none", () => {
  const grpcAddress = { host: undefined, port: 7000 };
  expect(grpcListens({ ...config, grpcAddress })).toEqual([
    { host: "10.0.0.1", port: 7000, serves: ["worker", "producer"], flag: "--grpc-port" },
  ]);
  expect(grpcListens({ ...config, grpcAddress: "off" })).toEqual([]);
});

const at = (port: number, host?: string): { host: string | undefined; port: number } => ({ host, port });

test("addresses that go together are no problem", () => {
  const fine = [
    {},
    { grpcAddress: at(7000) },
    { port: 0, workerAddress: at(0), producerAddress: at(0) },
    { workerAddress: at(7000, "10.0.0.1"), producerAddress: at(7000, "10.0.0.2") },
    { workerAddress: "off", producerAddress: "off" },
    { port: 9091, workerAddress: "off" },
  ] as const;
  for (const some of fine) expect(listenProblems({ ...config, ...some })).toEqual([]);
});

test.each([
  [
    { grpcAddress: at(7000), workerAddress: at(7001) },
    "grpcAddr (7000) takes the place of workerStreamAddr (7001): leave one of --grpc-port and --worker-port out",
  ],
  [
    { grpcAddress: "off", producerAddress: at(7001, "::1") },
    "grpcAddr (off) takes the place of producerStreamAddr ([::1]:7001): leave one of --grpc-port and --producer-port out",
  ],
  [
    { workerAddress: at(7000), producerAddress: at(7000) },
    "--worker-port and --producer-port are both 10.0.0.1:7000: one port for both is --grpc-port 7000",
  ],
  [
    { workerAddress: at(7000, "0.0.0.0"), producerAddress: at(7000) },
    "--worker-port and --producer-port are both 10.0.0.1:7000: one port for both is --grpc-port 7000",
  ],
  [{ workerAddress: at(8080) }, "--port and --worker-port are both 10.0.0.1:8080: HTTP and gRPC need a port each"],
  [{ grpcAddress: at(8080, "::") }, "--port and --grpc-port are both [::]:8080: HTTP and gRPC need a port each"],
  [{ port: 9092 }, "--port and --producer-port are both 10.0.0.1:9092: HTTP and gRPC need a port each"],
] as const)("addresses that do not go together are named: %#", (some, problem) => {
  expect(listenProblems({ ...config, ...some })).toEqual([problem]);
});
