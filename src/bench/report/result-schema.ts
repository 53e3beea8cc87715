import { z } from "zod";
import { RESULT_VERSION } from "../result.ts";

const count = z.int().min(0);
const amount = z.number().min(0);
const time = z.iso.datetime();
const rateUnit = z.enum(["tasks/s", "creates/s", "claims/s"]);

const histogram = z
  .object({
    counts: z.array(z.tuple([count, count]).readonly()).readonly(),
    total: count,
    sum: amount,
    min: amount,
    max: amount,
  })
  .meta({
    description: "Values in microseconds: pairs of slot and number in a log-linear grid of two significant digits",
  });

const latency = z
  .object({
    count,
    meanMs: amount,
    p50Ms: amount,
    p90Ms: amount,
    p99Ms: amount,
    p999Ms: amount,
    maxMs: amount,
    histogram,
  })
  .meta({ description: "Merge histograms, never percentiles" });

const parameters = z
  .object({
    shards: count.optional().meta({ description: "Absent with a target, which does not tell" }),
    batch: count,
    producerBatch: count,
    concurrency: z.array(count).readonly(),
    producers: count,
    durationMs: amount,
    warmupMs: amount,
    payloadBytes: count,
    durability: z.enum(["off", "normal", "full"]),
    ratePerSecond: amount.optional().meta({ description: "Arrivals of an open model; absent in a closed one" }),
    repeat: count,
    seed: z.number(),
    threads: count,
    prefill: count,
    serverFlags: z.string().optional().meta({ description: "Further flags of codeq serve, with spaces between" }),
    target: z.string().optional().meta({ description: "The running server that was measured instead of a fresh one" }),
  })
  .meta({ description: "What the run was asked for; results compare only when these agree" });

const machine = z.object({
  cpu: z.string(),
  cores: count,
  memoryBytes: amount,
  kernel: z.string(),
  architecture: z.string(),
  fileSystem: z.string().optional(),
  fsyncMs: amount.optional().meta({ description: "Median time to make 4 KiB durable in the data directory" }),
});

const build = z.object({
  version: z.string(),
  commit: z.string(),
  bun: z.string(),
  sqlite: z.string(),
  binarySha256: z.string().optional(),
  serverVersion: z.string(),
  serverCommit: z.string(),
});

const verdict = z.object({
  kind: z
    .enum(["valid", "broken", "unusable", "server-died", "interrupted"])
    .meta({ description: "broken: the server broke a promise; unusable: nothing was broken and nothing was measured" }),
  reasons: z.array(z.string()).readonly(),
  checked: z.object({
    creates: count,
    createsAcked: count,
    deliveries: count,
    resultsAcked: count,
    stillQueued: count,
    unfinished: count,
    readBack: count,
    replayed: count,
  }),
});

const moment = z.object({
  atMs: amount.meta({ description: "Since the start of the window, at the end of this moment" }),
  createdPerSecond: amount,
  deliveredPerSecond: amount,
  completedPerSecond: amount,
  depth: z.number(),
  p50Ms: amount.optional(),
  p99Ms: amount.optional(),
});

const server = z.object({
  cpuSeconds: amount,
  cpuSecondsPerMillion: amount,
  rssBytesPeak: amount,
  diskBytes: amount,
  commits: amount.optional(),
  operationsPerCommit: amount.optional(),
  commitMsMean: amount.optional(),
  loopDelayMsP99: amount.optional(),
  loopDelayMsMax: amount.optional(),
});

const latencyNames = ["createAck", "queueWait", "claim", "resultAck", "endToEnd", "service", "lateness"] as const;

const noteKinds = ["queue-ran-empty", "overloaded", "generator-limited", "shallow", "warning"] as const;

const measures = z
  .object({
    windowMs: amount,
    created: count,
    delivered: count,
    completed: count.meta({ description: "Results that the server acknowledged" }),
    rate: amount,
    loop: z.enum(["open", "closed"]),
    latencies: z.partialRecord(z.enum(latencyNames), latency),
    series: z.array(moment).readonly(),
    generator: z.object({
      limited: z.boolean(),
      cpuSeconds: amount,
      lag: latency.optional(),
      skippedArrivals: count,
    }),
    server: server.optional(),
    extras: z.array(z.object({ name: z.string(), value: z.number(), unit: z.string() })).readonly(),
    notes: z.array(z.object({ kind: z.enum(noteKinds), text: z.string() })).readonly(),
  })
  .meta({ description: "Within the window, without warm-up and drain" });

const point = z.object({
  name: z.string().meta({ description: "Unique within the result, such as c=32" }),
  concurrency: count,
  unit: rateUnit,
  runs: z
    .array(
      z.object({
        startedAt: time,
        seed: z.number(),
        verdict,
        measures: measures.optional().meta({ description: "Present when the verdict is valid, and only then" }),
      }),
    )
    .readonly(),
  rate: z.object({ median: amount, minimum: amount, maximum: amount }).optional(),
});

export type WrittenResult = z.infer<typeof resultSchema>;

/** A result as it is written to a file: what is undefined in memory is absent there. Unknown keys are passed over. */
export const resultSchema = z
  .object({
    format: z.literal("codeq-bench"),
    version: z.literal(RESULT_VERSION),
    scenario: z.string(),
    startedAt: time,
    endedAt: time,
    outcome: z.enum(["complete", "interrupted"]),
    parameters,
    machine,
    build,
    points: z.array(point).readonly(),
    plateau: z
      .object({ fromConcurrency: count, toConcurrency: count, rate: amount, unit: rateUnit })
      .optional()
      .meta({ description: "The points within a tenth of the best; absent unless a sweep was valid throughout" }),
    verdict: z.enum(["valid", "invalid", "partial"]),
  })
  .meta({ title: "Result of codeq bench" });

/** The published JSON Schema (draft 2020-12) of a result file. */
export function resultJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(resultSchema, { io: "input" });
}
