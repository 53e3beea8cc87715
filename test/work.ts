import type { Dice } from "./dice.ts";
import type { Running } from "./load.ts";
import { bodyOf, Client, type Exchange, type Recorder } from "./recorder.ts";
import { commandsOf, type Rig, TENANTS, type Tenant, workerTokens } from "./rig.ts";

interface Shared {
  readonly rig: Rig;
  readonly recorder: Recorder;
  readonly dice: Dice;
}

interface Held {
  readonly tag: number;
  readonly id: string;
  readonly tenant: Tenant;
  readonly worker: string;
}

/**
 * Claims until stopped, and does with what it gets whatever a worker may do: finish it, give it back, or come back to it
 * far too late. Now and then a worker of another tenant tries its luck with it.
 */
export async function work(shared: Shared, tenant: Tenant, token: string, running: Running): Promise<void> {
  using client = new Client(shared.rig, token);
  const other = TENANTS.find((candidate) => candidate !== tenant) ?? tenant;
  const [stranger = token] = workerTokens(other);
  using intruder = new Client(shared.rig, stranger);
  const forgotten: { readonly task: Held; readonly lateMs: number }[] = [];
  while (!running.stopped) {
    const tasks = await claim(shared, client, tenant, { wait: shared.dice.roll() < 0.3 });
    for (const task of tasks) {
      if (shared.dice.roll() < 0.02) await treat(shared, intruder, { ...task, tenant: other, worker: stranger });
      if (shared.dice.roll() < FORGETFUL) {
        if (shared.dice.roll() < 0.5) await heartbeat(shared, client, task, LONG_LEASE_SECONDS);
        forgotten.push({ task, lateMs: performance.now() + shared.dice.between(500, 4000) });
      } else await treat(shared, client, task);
    }
    const late = forgotten.filter(({ lateMs }) => lateMs < performance.now());
    for (const { task } of late) await treat(shared, client, task);
    forgotten.splice(0, forgotten.length, ...forgotten.filter((entry) => !late.includes(entry)));
  }
}

/** Share of the tasks a worker comes back to only when their lease has run out, or nearly. */
const FORGETFUL = 0.08;
/** Long enough for others to get the task if a heartbeat did not hold it. */
const LONG_LEASE_SECONDS = 4;

/** Finishes everything that comes, until `done` says that nothing more will. */
export async function finish(
  shared: Shared,
  tenant: Tenant,
  token: string,
  done: () => Promise<boolean>,
): Promise<void> {
  using client = new Client(shared.rig, token);
  for (;;) {
    const tasks = await claim(shared, client, tenant, { wait: true });
    await complete(shared, client, tasks);
    if (tasks.length === 0 && (await done())) return;
  }
}

async function claim({ recorder, dice }: Shared, client: Client, tenant: Tenant, { wait }: { readonly wait: boolean }) {
  const worker = client.token;
  const leaseSeconds = dice.between(1, 2);
  // A worker that names no command gets those of all lanes of its tenant.
  const commands = dice.roll() < 0.3 ? undefined : [dice.pick(commandsOf(tenant))];
  const body = { commands, leaseSeconds, count: dice.between(1, 10), waitSeconds: wait ? 1 : 0 };
  const exchange = await client.post("/tasks/claim/batch", body);
  const { invokeMs, doneMs, outcome } = exchange;
  const seen = { invokeMs, doneMs, tenant };
  const { tasks = [] } = bodyOf(exchange);
  if (tasks.length === 0) recorder.add({ op: "claim", ...seen, outcome, worker, commands });
  return tasks.map(({ id, command, payload, attempts }): Held => {
    const { tag } = JSON.parse(payload) as { readonly tag: number };
    const lease = { command, leaseMs: leaseSeconds * 1000, attempts };
    recorder.add({ op: "deliver", ...seen, outcome: "ok", tag, id, worker, ...lease });
    return { tag, id, tenant, worker };
  });
}

async function treat(shared: Shared, client: Client, task: Held): Promise<void> {
  const { recorder, dice } = shared;
  const chance = dice.roll();
  if (chance < 0.55) await complete(shared, client, [task]);
  else if (chance < 0.65) {
    await heartbeat(shared, client, task, dice.between(1, 2));
    await complete(shared, client, [task]);
  } else if (chance < 0.72) {
    const exchange = await client.post(`/tasks/${task.id}/result`, { status: "FAILED", error: "no luck" });
    recorder.add({ op: "result", ...seenOf(exchange), ...task, state: "failed" });
  } else if (chance < 0.85) await nack(shared, client, task);
  else {
    const exchange = await client.post(`/tasks/${task.id}/abandon`, {});
    recorder.add({ op: "abandon", ...seenOf(exchange), ...task });
  }
}

async function heartbeat({ recorder }: Shared, client: Client, task: Held, leaseSeconds: number): Promise<void> {
  const exchange = await client.post(`/tasks/${task.id}/heartbeat`, { extendSeconds: leaseSeconds });
  recorder.add({ op: "heartbeat", ...seenOf(exchange), ...task, leaseMs: leaseSeconds * 1000 });
}

async function nack({ recorder, dice }: Shared, client: Client, task: Held): Promise<void> {
  const delaySeconds = dice.pick([undefined, 0, 0, 1]);
  const exchange = await client.post(`/tasks/${task.id}/nack`, { delaySeconds, reason: "try again" });
  const answer = bodyOf(exchange);
  const seconds = answer.delaySeconds ?? delaySeconds;
  const delayMs = seconds === undefined ? undefined : seconds * 1000;
  recorder.add({ op: "nack", ...seenOf(exchange), ...task, delayMs, dead: answer.status === "dlq" });
}

async function complete({ recorder, dice }: Shared, client: Client, tasks: readonly Held[]): Promise<void> {
  const [only] = tasks;
  if (only === undefined) return;
  const fields = (task: Held) => ({ status: "COMPLETED", result: { tag: task.tag } });
  if (tasks.length === 1 && dice.roll() < 0.8) {
    const exchange = await client.post(`/tasks/${only.id}/result`, fields(only));
    recorder.add({ op: "result", ...seenOf(exchange), ...only, state: "completed" });
    return;
  }
  const results = tasks.map((task) => ({ taskId: task.id, ...fields(task) }));
  const exchange = await client.post("/tasks/batch/results", { results });
  const items = bodyOf(exchange).results;
  for (const [index, task] of tasks.entries()) {
    const refused = items !== undefined && items[index]?.result === undefined;
    const seen = refused ? { ...seenOf(exchange), outcome: "fail" as const } : seenOf(exchange);
    recorder.add({ op: "result", ...seen, ...task, state: "completed" });
  }
}

function seenOf({ invokeMs, doneMs, outcome }: Exchange): Omit<Exchange, "answer"> {
  return { invokeMs, doneMs, outcome };
}
