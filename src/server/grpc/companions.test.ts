import { describe, expect, test } from "bun:test";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { type ClientDuplexStream, type ClientReadableStream, type StatusObject, status } from "@grpc/grpc-js";
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthListRequest,
  HealthListResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../../proto/generated/health.ts";
import { ServerReflectionRequest, ServerReflectionResponse } from "../../../proto/generated/reflection.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { GrpcFixture, until } from "./grpc-fixture.ts";

const store = (): MemoryStore => new MemoryStore([1, 2]);
const HEALTH = "/grpc.health.v1.Health/";

function encodeHealth(service: string): Buffer {
  return HealthCheckRequest.encode({ service }).finish();
}

function check(server: GrpcFixture, port: number, service: string): Promise<ServingStatus | status> {
  const { promise, resolve } = Promise.withResolvers<ServingStatus | status>();
  const decode = (bytes: Buffer): HealthCheckResponse => HealthCheckResponse.decode(bytes);
  server.client(port).makeUnaryRequest(`${HEALTH}Check`, encodeHealth, decode, service, (error, response) => {
    resolve(response?.status ?? error?.code ?? status.UNKNOWN);
  });
  return promise;
}

function ask(server: GrpcFixture, port: number, path: string, requests: ServerReflectionRequest["messageRequest"][]) {
  const call = server.client(port).makeBidiStreamRequest(
    path,
    (messageRequest: ServerReflectionRequest["messageRequest"]) =>
      ServerReflectionRequest.encode({ host: "h", messageRequest }).finish(),
    (bytes) => ServerReflectionResponse.decode(bytes),
  );
  const { promise, resolve, reject } = Promise.withResolvers<ServerReflectionResponse[]>();
  const answers: ServerReflectionResponse[] = [];
  call.on("data", (answer: ServerReflectionResponse) => answers.push(answer));
  call.on("error", reject);
  call.on("end", () => resolve(answers));
  for (const request of requests) call.write(request);
  call.end();
  return promise;
}

describe("the health service", () => {
  test("tells for the server and for each service of the port whether it serves", async () => {
    let serving = true;
    await using server = await GrpcFixture.start(store(), { serving: () => serving });
    const { workerPort, producerPort } = server;
    for (const [port, service] of [
      [workerPort, ""],
      [workerPort, "workerpb.WorkerStream"],
      [producerPort, "producerpb.ProducerStream"],
    ] as const) {
      serving = true;
      expect(await check(server, port, service)).toBe(ServingStatus.SERVING);
      serving = false;
      expect(await check(server, port, service)).toBe(ServingStatus.NOT_SERVING);
    }
    expect(await check(server, workerPort, "producerpb.ProducerStream")).toBe(status.NOT_FOUND);
  });

  test("lists the server and what the port serves", async () => {
    await using server = await GrpcFixture.start(store());
    const encode = (request: HealthListRequest): Buffer => HealthListRequest.encode(request).finish();
    const decode = (bytes: Buffer): HealthListResponse => HealthListResponse.decode(bytes);
    const { promise, resolve } = Promise.withResolvers<HealthListResponse | undefined>();
    const client = server.client(server.workerPort);
    client.makeUnaryRequest(`${HEALTH}List`, encode, decode, {}, (_, response) => resolve(response));
    const serving = { status: ServingStatus.SERVING };
    expect((await promise)?.statuses).toEqual({ "": serving, "workerpb.WorkerStream": serving });
  });

  test("tells who watches of each change, and ends when the server goes", async () => {
    let serving = true;
    await using server = await GrpcFixture.start(store(), { serving: () => serving });
    const decode = (bytes: Buffer): HealthCheckResponse => HealthCheckResponse.decode(bytes);
    const watch = server.client(server.workerPort).makeServerStreamRequest(`${HEALTH}Watch`, encodeHealth, decode, "");
    const told: ServingStatus[] = [];
    watch.on("data", (response: HealthCheckResponse) => told.push(response.status));
    watch.on("error", () => undefined);
    const ended = new Promise((resolve) => watch.on("end", resolve));
    await until(() => told.length === 1);
    server.time.advance(1000);
    serving = false;
    server.time.advance(1000);
    await until(() => told.length === 2);
    await server.grpc.close();
    await ended;
    expect(told).toEqual([ServingStatus.SERVING, ServingStatus.NOT_SERVING]);
  });

  test("refuses watchers over its limit, until others leave", async () => {
    await using server = await GrpcFixture.start(store());
    const client = server.client(server.workerPort);
    const watch = () => {
      const decode = (bytes: Buffer): HealthCheckResponse => HealthCheckResponse.decode(bytes);
      const call = client.makeServerStreamRequest(`${HEALTH}Watch`, encodeHealth, decode, "");
      return { call, first: firstOf(call) };
    };
    const watchers = Array.from({ length: 256 }, watch);
    for (const { first } of watchers) expect(await first).toMatchObject({ status: ServingStatus.SERVING });
    const details = "too many health watchers (limit 256)";
    expect(await watch().first).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details });
    watchers[0]?.call.cancel();
    await until(async () => !("code" in (await watch().first)));
  });
});

describe("reflection", () => {
  test.each(["v1", "v1alpha"])("%s lists what the port serves", async (version) => {
    await using server = await GrpcFixture.start(store());
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const [answer] = await ask(server, server.producerPort, path, [{ $case: "listServices", value: "" }]);
    const services = ["producerpb.ProducerStream", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"];
    expect(answer?.messageResponse).toEqual({
      $case: "listServicesResponse",
      value: { service: services.map((name) => ({ name })) },
    });
  });

  test("gives the definition of a symbol with all it needs, and says what it does not know", async () => {
    await using server = await GrpcFixture.start(store());
    const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    const answers = await ask(server, server.workerPort, path, [
      { $case: "fileContainingSymbol", value: "workerpb.WorkerStream.Stream" },
      { $case: "fileByFilename", value: "health.proto" },
      { $case: "fileContainingSymbol", value: "workerpb.Nope" },
      { $case: "allExtensionNumbersOfType", value: "workerpb.Task" },
      undefined,
    ]);
    const shown = answers.map(({ messageResponse }) => {
      if (messageResponse?.$case === "errorResponse") return messageResponse.value.errorCode;
      if (messageResponse?.$case !== "fileDescriptorResponse") return messageResponse;
      return messageResponse.value.fileDescriptorProto.map(
        (bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name,
      );
    });
    expect(shown).toEqual([
      ["worker.proto", "google/protobuf/timestamp.proto"],
      ["health.proto"],
      status.NOT_FOUND,
      status.NOT_FOUND,
      status.INVALID_ARGUMENT,
    ]);
  });

  test("refuses streams over its limit, until others leave", async () => {
    await using server = await GrpcFixture.start(store());
    const streams = Array.from({ length: 64 }, () => openReflection(server));
    for (const { first } of streams) expect(await first).toHaveProperty("messageResponse");
    const details = "too many reflection streams (limit 64)";
    expect(await openReflection(server).first).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details });
    streams[0]?.call.cancel();
    await until(async () => !("code" in (await openReflection(server).first)));
  });

  test("ends its streams when the server goes", async () => {
    await using server = await GrpcFixture.start(store());
    const { call, first } = openReflection(server);
    expect(await first).toHaveProperty("messageResponse");
    const ended = new Promise((resolve) => call.on("end", resolve));
    await server.grpc.close();
    await ended;
  });
});

/** One that stays open, after a first question. */
function openReflection(server: GrpcFixture) {
  const call = server.client(server.workerPort).makeBidiStreamRequest(
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    (request: ServerReflectionRequest) => ServerReflectionRequest.encode(request).finish(),
    (bytes) => ServerReflectionResponse.decode(bytes),
  );
  call.write({ host: "", messageRequest: { $case: "listServices", value: "" } });
  return { call, first: firstOf(call) };
}

/** The first answer, or the status the call ended with before it. */
function firstOf<T>(call: ClientReadableStream<T> | ClientDuplexStream<unknown, T>): Promise<T | StatusObject> {
  call.on("error", () => undefined);
  return new Promise((resolve) => {
    call.once("data", resolve);
    call.once("status", resolve);
  });
}
