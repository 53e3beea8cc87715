import type { Census, FinalState, FinalTask, LaneSum } from "../src/bench/ledger/census.ts";
import type { Ledger } from "../src/bench/ledger/ledger.ts";
import { Client } from "./recorder.ts";
import { commandsOf, producerToken, type Rig, TENANTS, type Tenant } from "./rig.ts";

const RETENTION_MS = 86_400_000;
const READERS = 8;

/** Looks at every task the ledger knows of, then at the server's own counts. Nobody may be at work. */
export async function takeCensus(rig: Rig, ledger: Ledger): Promise<Census> {
  const takenMs = performance.now();
  const tasks = new Map<string, FinalTask>();
  for (const [tenant, ids] of idsByTenant(ledger)) {
    const waiting = [...ids];
    const reader = async (): Promise<void> => {
      using client = new Client(rig, producerToken(tenant));
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
        const { answer } = await client.get(`/tasks/${id}`);
        if (answer?.status === 200) tasks.set(id, finalTask(answer.text));
      }
    };
    await Promise.all(Array.from({ length: READERS }, reader));
  }
  return { takenMs, retentionMs: RETENTION_MS, tasks, sums: [...(await adminSums(rig)), ...(await metricSums(rig))] };
}

function idsByTenant(ledger: Ledger): Map<Tenant, Set<string>> {
  const ids = new Map<Tenant, Set<string>>(TENANTS.map((tenant) => [tenant, new Set<string>()]));
  for (const operation of ledger.operations()) {
    if (operation.op === "claim" || operation.id === undefined) continue;
    // Tenants of these operations are those of the rig.
    ids.get(operation.tenant as Tenant)?.add(operation.id);
  }
  return ids;
}

const STATES: Readonly<Record<string, FinalState>> = {
  "PENDING PENDING_LIST": "ready",
  "PENDING DELAYED_ZSET": "delayed",
  "IN_PROGRESS INPROG_SET": "leased",
  "COMPLETED NONE": "completed",
  "FAILED NONE": "failed",
  "FAILED DLQ_SET": "dead",
};

function finalTask(text: string): FinalTask {
  const {
    status,
    lastKnownLocation,
    attempts = 0,
  } = JSON.parse(text) as {
    readonly status: string;
    readonly lastKnownLocation: string;
    readonly attempts?: number;
  };
  const state = STATES[`${status} ${lastKnownLocation}`];
  if (state === undefined) throw new Error(`no known state: ${text}`);
  return { state, attempts };
}

export interface LaneCounts {
  readonly ready: number;
  readonly delayed: number;
  readonly inProgress: number;
  readonly dlq: number;
}

/** What the administration is told of a lane. */
export async function laneCounts(rig: Rig, tenant: Tenant, command: string): Promise<LaneCounts> {
  using client = new Client(rig, producerToken(tenant));
  const { answer } = await client.get(`/admin/queues/${command}`);
  return JSON.parse(answer?.text ?? "{}") as LaneCounts;
}

async function adminSums(rig: Rig): Promise<LaneSum[]> {
  const sums: LaneSum[] = [];
  for (const tenant of TENANTS) {
    for (const command of commandsOf(tenant)) {
      const { ready, delayed, inProgress, dlq } = await laneCounts(rig, tenant, command);
      sums.push({ source: "admin", tenant, command, counts: { ready, delayed, leased: inProgress, dead: dlq } });
    }
  }
  return sums;
}

async function metricSums(rig: Rig): Promise<LaneSum[]> {
  const page = await (await fetch(`${rig.url}/metrics`)).text();
  return TENANTS.flatMap((tenant) =>
    commandsOf(tenant).map((command) => {
      const depth = (queue: string): number => {
        const pattern = new RegExp(`^codeq_queue_depth\\{command="${command}",queue="${queue}"\\} (\\d+)$`, "im");
        return Number(pattern.exec(page)?.[1] ?? 0);
      };
      const waiting = { ready: depth("ready"), delayed: depth("delayed") };
      return {
        source: "metrics",
        tenant,
        command,
        counts: { ...waiting, leased: depth("in_progress"), dead: depth("dlq") },
      };
    }),
  );
}
