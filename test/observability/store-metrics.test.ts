import { expect, test } from "bun:test";
import { statfsSync } from "node:fs";
import { OneServer } from "../one-server.ts";

test("metrics of the store are those of its disk and of its faults", async () => {
  // A write beyond the file size limit fails like a broken disk, as long as the signal for it is ignored.
  const prefix = ["bash", "-c", `trap '' XFSZ; ulimit -f 6000; exec "$0" "$@"`];
  await using server = await OneServer.start({ prefix, flags: ["--disk-reserve", "3MiB"] });
  const before = await metricsOf(server.url);
  expect(before.get("codeq_store_fault")).toBe(0);
  expect(before.get("codeq_store_faults_total")).toBe(0);
  expect(before.get("codeq_disk_reserve_bytes")).toBe(3 * 2 ** 20);
  const { bavail, bsize } = statfsSync(server.dataDir);
  // Others write to this disk as well.
  expect((before.get("codeq_disk_free_bytes") ?? 0) / (bavail * bsize)).toBeCloseTo(1, 1);

  let status = 202;
  while (status === 202) status = (await server.post("/tasks", { command: "C", payload: "x".repeat(50_000) })).status;
  const after = await metricsOf(server.url);
  expect(after.get("codeq_store_fault")).toBe(1);
  expect(after.get("codeq_store_faults_total")).toBeGreaterThan(0);
  expect(after.get("codeq_store_bytes")).toBeGreaterThan(before.get("codeq_store_bytes") ?? Number.POSITIVE_INFINITY);
});

/** Those without labels. */
async function metricsOf(url: string): Promise<ReadonlyMap<string, number>> {
  const page = await (await fetch(`${url}/metrics`)).text();
  return new Map([...page.matchAll(/^(\w+) (\S+)$/gm)].map(([, name = "", value]) => [name, Number(value)]));
}
