import type { Dice } from "./dice.ts";
import { bodyOf, Client, type Exchange, type Recorder } from "./recorder.ts";
import { commandsOf, producerToken, type Rig, type Tenant } from "./rig.ts";

/** Whether the load goes on. */
export interface Running {
  stopped: boolean;
}

interface Shared {
  readonly rig: Rig;
  readonly recorder: Recorder;
  readonly dice: Dice;
}

interface Wish {
  readonly tag: number;
  readonly command: string;
  readonly priority: number;
  readonly maxAttempts: number;
  readonly delaySeconds: number;
  readonly idempotencyKey: string | undefined;
}

/**
 * Creates tasks until stopped: alone, in batches, delayed, with and without an idempotency key. What was not answered is
 * asked for again only if it has a key, and then until it is answered.
 */
export async function produce(shared: Shared, tenant: Tenant, running: Running): Promise<void> {
  using client = new Client(shared.rig, producerToken(tenant));
  while (!running.stopped) {
    const count = shared.dice.roll() < 0.3 ? shared.dice.between(2, 6) : 1;
    let wishes = Array.from({ length: count }, () => wish(shared, tenant));
    while (wishes.length > 0) {
      const repeated = wishes.filter(({ idempotencyKey }) => idempotencyKey !== undefined);
      const { outcome } = await createAll(shared, client, tenant, wishes);
      wishes = outcome === "ok" && shared.dice.roll() < 0.9 ? [] : repeated;
    }
    // Not as fast as it goes: workers shall keep up, and sometimes find nothing.
    await Bun.sleep(shared.dice.between(0, 6));
  }
}

function wish({ recorder, dice }: Shared, tenant: Tenant): Wish {
  const tag = recorder.nextTag();
  const name = dice.pick(commandsOf(tenant));
  return {
    tag,
    command: dice.roll() < 0.2 ? name.toLowerCase() : name,
    priority: dice.between(0, 2),
    maxAttempts: dice.between(2, 5),
    delaySeconds: dice.roll() < 0.1 ? 1 : 0,
    idempotencyKey: dice.roll() < 0.5 ? `key-${tag}` : undefined,
  };
}

async function createAll(
  { recorder }: Shared,
  client: Client,
  tenant: Tenant,
  wishes: readonly Wish[],
): Promise<Exchange> {
  const items = wishes.map(({ tag, ...fields }) => ({ ...fields, payload: { tag } }));
  const [only] = items;
  const exchange =
    items.length === 1 ? await client.post("/tasks", only) : await client.post("/tasks/batch", { tasks: items });
  const ids = idsIn(exchange);
  for (const [index, { delaySeconds, ...fields }] of wishes.entries()) {
    const { invokeMs, doneMs, outcome } = exchange;
    const seen = { invokeMs, doneMs, outcome, tenant };
    recorder.add({ op: "create", ...seen, ...fields, id: ids[index], delayMs: delaySeconds * 1000 });
  }
  return exchange;
}

/** @throws Error when an item of a batch was refused: nothing here may be */
function idsIn(exchange: Exchange): (string | undefined)[] {
  const { id, results } = bodyOf(exchange);
  if (results === undefined) return [id];
  return results.map(({ task }) => {
    if (task === undefined) throw new Error(`an item was refused: ${exchange.answer?.text ?? ""}`);
    return task.id;
  });
}
