import { expect, test } from "bun:test";
import { grpcListens } from "./grpc-listens.ts";

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
