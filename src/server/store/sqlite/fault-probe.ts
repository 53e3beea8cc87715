import { CodeqError } from "../../queue/errors.ts";
import { openStore } from "../open-store.ts";
import { claimBy, NOW, newTask } from "../store-fixture.ts";

/**
 * For tests, in a process of its own: fills a data directory until it fails, looks at what still works, and prints what
 * it saw as JSON. Arguments: directory, reserve in bytes.
 */
const [, , dataDir = "", reserve = "0"] = process.argv;

const store = await openStore({
  dataDir,
  shards: 1,
  durability: "off",
  cacheBytes: 2 ** 20,
  diskReserveBytes: Number(reserve),
  lanesMax: 1000,
  acceptDataLoss: false,
  onCommit: () => undefined,
  onEvent: () => undefined,
  freshSeed: [1, 2],
  clock: () => 0,
});
const payload = "x".repeat(4000);
const BATCH = 20;
let created = 0;
let failure = "";
let again = "";
// A single refusal may pass, as when the log is emptied after it.
while (failure === "" || again === "") {
  failure = await codeOf(insertBatch());
  again = failure === "" ? "" : await codeOf(insertBatch());
}
const fault = store.fault() !== undefined;
await store.recover();
const [tasks = []] = await store.claim([claimBy("w1", { count: 100_000 })], NOW);
const outcomes = await store.complete(
  tasks.map(({ key }) => ({ key, tenant: "acme", worker: "w1", state: "completed", result: "{}" })),
  NOW,
);
const completed = outcomes.filter((outcome) => outcome.kind === "finished").length;
const pruned = await store.prune({ tenant: undefined, finishedBeforeMs: NOW, limit: 100_000 });
const afterwards = await codeOf(insertBatch());
await store.close();
process.stdout.write(JSON.stringify({ created, failure, again, fault, completed, pruned, afterwards }));

/** Batches, so that the log holds many pages that the main file does not have yet. */
async function insertBatch(): Promise<void> {
  await store.insert(
    Array.from({ length: BATCH }, () => newTask({ payload })),
    NOW,
  );
  created += BATCH;
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "";
  } catch (error) {
    return error instanceof CodeqError ? error.code : String(error);
  }
}
