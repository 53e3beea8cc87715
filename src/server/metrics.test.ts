import { expect, test } from "bun:test";
import { Metrics } from "./metrics.ts";
import type { LaneStats } from "./queue/store.ts";
import type { Task } from "./queue/task.ts";

const NOW = 1_800_000_000_000;

function metricsOf(
  fields: {
    readonly commandLabelsMax?: number;
    readonly stats?: () => Promise<LaneStats[]>;
    readonly storeFaulty?: () => boolean;
    readonly diskFull?: () => boolean;
    readonly diskFreeBytes?: () => Promise<number>;
  } = {},
): Metrics {
  const { commandLabelsMax = 100, stats = async () => [] } = fields;
  const { storeFaulty = () => false, diskFull = () => false, diskFreeBytes = async () => 8192 } = fields;
  const metrics = new Metrics({
    version: "1.2.3",
    commit: "abc",
    durability: "full",
    startedMs: NOW,
    commandLabelsMax,
    diskReserveBytes: 64,
  });
  metrics.attach({
    stats,
    waiting: () => ({ claims: 3, results: 1 }),
    storeBytes: async () => 4096,
    diskFreeBytes,
    storeFaulty,
    diskFull,
    wallAheadMs: () => 250,
  });
  return metrics;
}

function task(command: string, fields: Partial<Task> = {}): Task {
  return {
    key: { shard: 0, sequence: 1 },
    tenant: "acme",
    command,
    payload: "{}",
    priority: 0,
    webhook: undefined,
    trace: undefined,
    maxAttempts: 5,
    attempts: 1,
    state: "leased",
    worker: "w",
    leaseUntilMs: NOW,
    error: undefined,
    result: undefined,
    createdMs: NOW,
    updatedMs: NOW,
    ...fields,
  };
}

function lane(tenant: string, command: string, fields: Partial<LaneStats> = {}): LaneStats {
  const none = { delayed: 0, leased: 0, completed: 0, failed: 0, dead: 0 };
  return { tenant, command, ready: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], ...none, ...fields };
}

/** The value behind a series, or undefined. */
async function value(metrics: Metrics, series: string): Promise<number | undefined> {
  const line = (await metrics.text()).split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

test("counts creations, deliveries and expired leases by command", async () => {
  const metrics = metricsOf();
  metrics.observer.created("SEND", 5);
  metrics.observer.claimed([task("SEND"), task("SEND"), task("DRAW")], NOW);
  metrics.observer.leasesExpired("SEND", 2);
  expect(await value(metrics, 'codeq_task_created_total{command="SEND"}')).toBe(5);
  expect(await value(metrics, 'codeq_task_claimed_total{command="SEND"}')).toBe(2);
  expect(await value(metrics, 'codeq_task_claimed_total{command="DRAW"}')).toBe(1);
  expect(await value(metrics, 'codeq_lease_expired_total{command="SEND"}')).toBe(2);
  expect(await value(metrics, 'codeq_task_created_total{command="DRAW"}')).toBeUndefined();
});

test("control characters of a command are written out", async () => {
  const metrics = metricsOf({ stats: async () => [lane("acme", "a\u0000b\u009f", { delayed: 2 })] });
  metrics.observer.created("a\u0000b\u009f", 5);
  const label = String.raw`command="a\\u0000b\\u009f"`;
  expect(await value(metrics, `codeq_task_created_total{${label}}`)).toBe(5);
  expect(await value(metrics, `codeq_queue_depth{${label},queue="delayed"}`)).toBe(2);
  expect(await metrics.text()).not.toMatch(/[^\P{Cc}\n]/u);
});

test("defect 57: every finished task is counted with its latency, dead ones as failed", async () => {
  const metrics = metricsOf();
  metrics.observer.finished("SEND", "completed", NOW - 3, NOW);
  metrics.observer.finished("SEND", "completed", NOW - 400, NOW);
  metrics.observer.finished("SEND", "failed", NOW - 2000, NOW);
  metrics.observer.finished("SEND", "dead", NOW, NOW);
  const latency = "codeq_task_processing_latency_seconds";
  expect(await value(metrics, 'codeq_task_completed_total{command="SEND",status="COMPLETED"}')).toBe(2);
  expect(await value(metrics, 'codeq_task_completed_total{command="SEND",status="FAILED"}')).toBe(2);
  expect(await value(metrics, `${latency}_bucket{command="SEND",status="COMPLETED",le="0.0025"}`)).toBe(0);
  expect(await value(metrics, `${latency}_bucket{command="SEND",status="COMPLETED",le="0.005"}`)).toBe(1);
  expect(await value(metrics, `${latency}_bucket{command="SEND",status="COMPLETED",le="0.5"}`)).toBe(2);
  expect(await value(metrics, `${latency}_bucket{command="SEND",status="COMPLETED",le="+Inf"}`)).toBe(2);
  expect(await value(metrics, `${latency}_sum{command="SEND",status="COMPLETED"}`)).toBeCloseTo(0.403, 9);
  // The dead one was finished by an expired lease, where its age is not known.
  expect(await value(metrics, `${latency}_count{command="SEND",status="FAILED"}`)).toBe(1);
});

test("an observation that equals a bound belongs to it", async () => {
  const metrics = metricsOf();
  metrics.observer.claimed([task("SEND", { createdMs: NOW - 1 })], NOW);
  expect(await value(metrics, 'codeq_queue_wait_seconds_bucket{command="SEND",le="0.001"}')).toBe(1);
});

test("the queue wait is that of first deliveries", async () => {
  const metrics = metricsOf();
  metrics.observer.claimed([task("SEND", { attempts: 2, createdMs: 0 }), task("SEND")], NOW);
  expect(await value(metrics, 'codeq_queue_wait_seconds_count{command="SEND"}')).toBe(1);
});

test("defect 58: depths are those of the store at the time of the scrape, summed over tenants", async () => {
  let lanes = [
    lane("acme", "SEND", { ready: [2, 0, 0, 0, 0, 0, 0, 0, 0, 1], delayed: 4, dead: 7 }),
    lane("bolt", "send", { leased: 5, completed: 6, failed: 1 }),
  ];
  const metrics = metricsOf({ stats: async () => lanes });
  const depth = (queue: string): Promise<number | undefined> =>
    value(metrics, `codeq_queue_depth{command="SEND",queue="${queue}"}`);
  expect(await depth("ready")).toBe(3);
  expect(await depth("delayed")).toBe(4);
  expect(await depth("in_progress")).toBe(5);
  expect(await depth("dlq")).toBe(7);
  expect(await value(metrics, 'codeq_dlq_depth{command="SEND"}')).toBe(7);
  expect(await value(metrics, 'codeq_finished_tasks{command="SEND",status="COMPLETED"}')).toBe(6);
  lanes = [lane("acme", "SEND")];
  expect(await depth("ready")).toBe(0);
});

test("defect 37: commands beyond the bound share one label, in counters as in depths", async () => {
  const lanes = ["A", "B", "C", "D"].map((command) => lane("acme", command, { delayed: 1 }));
  const metrics = metricsOf({ commandLabelsMax: 2, stats: async () => lanes });
  for (let client = 0; client < 10_000; client += 1) metrics.observer.created(`COMMAND-${client}`, 1);
  const text = await metrics.text();
  expect(text.match(/^codeq_task_created_total\{/gm)).toHaveLength(3);
  expect(text).toContain('codeq_task_created_total{command="_other"} 9998');
  expect(text).toContain('codeq_queue_depth{command="_other",queue="delayed"} 4');
});

test("spellings of one command are one command", async () => {
  const metrics = metricsOf();
  metrics.observer.created("Send", 1);
  metrics.observer.created("SEND", 1);
  expect(await value(metrics, 'codeq_task_created_total{command="Send"}')).toBe(2);
});

test("a command cannot break the format", async () => {
  const metrics = metricsOf();
  metrics.observer.created('a"b\\c\nd', 1);
  expect(await metrics.text()).toContain('codeq_task_created_total{command="a\\"b\\\\c\\nd"} 1\n');
});

test("requests are counted by route, method and status; invented methods are one", async () => {
  const metrics = metricsOf();
  metrics.requests.observe("/v1/codeq/tasks", "POST", 202, 0.004);
  metrics.requests.observe("/v1/codeq/tasks", "POST", 400, 0.001);
  for (let client = 0; client < 100; client += 1) metrics.requests.observe("unmatched", `BREW${client}`, 404, 0.001);
  metrics.requests.observe("/v1/codeq/tasks/claim/batch", "POST", 200, 0.02);
  metrics.requests.rateLimited("producer", "create_task");
  expect(await value(metrics, 'codeq_http_requests_total{route="/v1/codeq/tasks",method="POST",status="202"}')).toBe(1);
  expect(await value(metrics, 'codeq_http_requests_total{route="unmatched",method="other",status="404"}')).toBe(100);
  expect(await value(metrics, 'codeq_http_request_duration_seconds_count{route="/v1/codeq/tasks",method="POST"}')).toBe(
    2,
  );
  expect(await value(metrics, "codeq_claim_latency_seconds_count")).toBe(1);
  expect(await value(metrics, 'codeq_rate_limit_hits_total{scope="producer",operation="create_task"}')).toBe(1);
});

test("the server tells about itself", async () => {
  const metrics = metricsOf();
  metrics.committed(32, 0.0002);
  metrics.loopDelayed(0.004);
  expect(await value(metrics, 'codeq_info{version="1.2.3",commit="abc",durability="full"}')).toBe(1);
  expect(await value(metrics, 'codeq_waiters{kind="claims"}')).toBe(3);
  expect(await value(metrics, "codeq_store_bytes")).toBe(4096);
  expect(await value(metrics, "codeq_clock_offset_seconds")).toBe(0.25);
  expect(await value(metrics, 'codeq_commit_operations_bucket{le="32"}')).toBe(1);
  expect(await value(metrics, 'codeq_commit_duration_seconds_bucket{le="0.00025"}')).toBe(1);
  expect(await value(metrics, 'codeq_event_loop_delay_seconds_bucket{le="0.005"}')).toBe(1);
  expect(await value(metrics, "process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
  expect(await value(metrics, "process_start_time_seconds")).toBe(NOW / 1000);
});

test("faults of the store are counted, and shown while they last", async () => {
  let faulty = false;
  const metrics = metricsOf({ storeFaulty: () => faulty });
  expect(await value(metrics, "codeq_store_fault")).toBe(0);
  expect(await value(metrics, "codeq_store_faults_total")).toBe(0);
  faulty = true;
  metrics.store.failed();
  expect(await value(metrics, "codeq_store_fault")).toBe(1);
  faulty = false;
  expect(await value(metrics, "codeq_store_fault")).toBe(0);
  expect(await value(metrics, "codeq_store_faults_total")).toBe(1);
});

test("a full disk is shown while it refuses tasks", async () => {
  expect(await value(metricsOf(), "codeq_disk_full")).toBe(0);
  expect(await value(metricsOf({ diskFull: () => true }), "codeq_disk_full")).toBe(1);
});

test("the room on the disk stands beside what must stay free, and is missing when it cannot be read", async () => {
  const metrics = metricsOf();
  expect(await value(metrics, "codeq_disk_free_bytes")).toBe(8192);
  expect(await value(metrics, "codeq_disk_reserve_bytes")).toBe(64);
  const blind = metricsOf({ diskFreeBytes: () => Promise.reject(new Error("gone")) });
  expect(await value(blind, "codeq_disk_free_bytes")).toBeUndefined();
  expect(await value(blind, "codeq_disk_reserve_bytes")).toBe(64);
});

test("garbage collections are counted", async () => {
  const metrics = metricsOf();
  const noticed = async (): Promise<number> => (await value(metrics, "codeq_gc_collections_total")) ?? -1;
  const before = await noticed();
  while ((await noticed()) === before) {
    Bun.gc(true);
    // The runtime tells about what is gone in a turn of its own.
    await new Promise(setImmediate);
  }
  expect(await value(metrics, "codeq_heap_used_bytes")).toBeGreaterThan(0);
  expect(await value(metrics, "codeq_heap_size_bytes")).toBeGreaterThan(0);
});

test("a store in trouble takes its depths from the page, and nothing else", async () => {
  const metrics = metricsOf({ stats: () => Promise.reject(new Error("disk")) });
  metrics.observer.created("SEND", 1);
  const text = await metrics.text();
  expect(text).toContain('codeq_task_created_total{command="SEND"} 1');
  expect(text).not.toContain("codeq_queue_depth{");
});

test("scrapes at the same time ask the store once, later ones again", async () => {
  let asked = 0;
  const stats = async (): Promise<LaneStats[]> => {
    asked += 1;
    return [lane("acme", "SEND", { dead: asked })];
  };
  const metrics = metricsOf({ stats });
  const pages = await Promise.all(Array.from({ length: 20 }, () => metrics.text()));
  expect(asked).toBe(1);
  expect(new Set(pages).size).toBe(1);
  expect(await value(metrics, 'codeq_dlq_depth{command="SEND"}')).toBe(2);
});

test("every line of the page is a comment, a sample or empty", async () => {
  const metrics = metricsOf({ stats: async () => [lane("acme", "SEND")] });
  metrics.observer.finished("SEND", "completed", NOW - 3, NOW);
  for (const line of (await metrics.text()).split("\n")) {
    expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="([^"\\]|\\.)*",?)+\})? (\+Inf|[-+.e\d]+)|)$/);
  }
});

test("what codeq does not do yet has its name on the page, and no values", async () => {
  const page = await metricsOf().text();
  expect(page).toContain("# TYPE codeq_webhook_deliveries_total counter\n");
  expect(page).toContain("# TYPE codeq_subscriptions_active gauge\n");
  expect(page).not.toMatch(/^codeq_(webhook|subscriptions)/m);
});
