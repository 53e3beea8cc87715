import { expect, test } from "bun:test";
import { banner, durabilityWarning, type StartReport, startFields } from "./banner.ts";

const report: StartReport = {
  build: { version: "1.2.3", commit: "abc", date: "" },
  url: "http://127.0.0.1:8080",
  port: 8080,
  grpc: [
    { serves: ["worker"], host: "127.0.0.1", port: 9091 },
    { serves: ["producer"], host: "127.0.0.1", port: 9092 },
  ],
  dataDir: "/var/lib/codeq",
  shards: 4,
  durability: "normal",
  devToken: undefined,
};

test("the banner says where the server listens, where data is, and what an acknowledgement is worth", () => {
  const text = banner(report);
  expect(text).toContain("codeq 1.2.3 listens on http://127.0.0.1:8080\n");
  expect(text).toContain("worker on 127.0.0.1:9091, producer on 127.0.0.1:9092");
  expect(text).toContain("/var/lib/codeq (4 shards)");
  expect(text).toContain("normal: a power cut may take the newest tasks, never damages the files");
});

test("the request to paste holds the dev token only where it is in force", () => {
  expect(banner({ ...report, devToken: "dev-token" })).toContain("'Authorization: Bearer dev-token'");
  expect(banner(report)).toContain('"Authorization: Bearer $TOKEN"');
});

test("the start-up line holds the same request", () => {
  const { try: request } = startFields({ ...report, devToken: "dev-token" });
  expect(request).toStartWith("curl -X POST http://127.0.0.1:8080/v1/codeq/tasks ");
  expect(banner({ ...report, devToken: "dev-token" })).toContain(String(request));
});

test.each([
  ["http://0.0.0.0:8080", "http://127.0.0.1:8080/v1/codeq/tasks"],
  ["https://[::]:8443", "https://[::1]:8443/v1/codeq/tasks"],
])("an address for everybody, %s, is pasted as one that can be connected to", (url, expected) => {
  expect(banner({ ...report, url })).toContain(expected);
  expect(startFields({ ...report, url })).toMatchObject({ url });
});

test("the start-up line names each gRPC port, and the banner says when there is none", () => {
  expect(startFields(report)).toMatchObject({ workerPort: 9091, producerPort: 9092 });
  expect(startFields({ ...report, grpc: [{ serves: ["worker", "producer"], host: "::1", port: 9000 }] })).toMatchObject(
    {
      workerPort: 9000,
      producerPort: 9000,
    },
  );
  expect(banner({ ...report, grpc: [] })).toMatch(/grpc +off/);
});

test("only durability off is warned of", () => {
  expect(durabilityWarning("off")).toContain("power cut");
  expect(durabilityWarning("normal")).toBeUndefined();
  expect(durabilityWarning("full")).toBeUndefined();
});
