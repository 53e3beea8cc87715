import { z } from "zod";

/** A function on the stack, as the profiler names it. */
export interface Frame {
  readonly name: string;
  /** Empty for what is built into the runtime. */
  readonly url: string;
  /** From 1; 0 when unknown. */
  readonly line: number;
}

/** Calls of one function from one stack, with what was seen of it. */
export interface CallNode {
  readonly frame: Frame;
  /** Samples in the function itself. */
  readonly self: number;
  /** Samples in it and in what it called. */
  readonly total: number;
  /** By their total, the most first. */
  readonly children: readonly CallNode[];
}

export interface CpuProfile {
  readonly root: CallNode;
  readonly samples: number;
  readonly durationMs: number;
}

const profileSchema = z.object({
  nodes: z
    .array(
      z.object({
        id: z.number(),
        callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
        children: z.array(z.number()).optional(),
      }),
    )
    .min(1),
  startTime: z.number(),
  endTime: z.number(),
  samples: z.array(z.number()).default([]),
});

type RawNode = z.infer<typeof profileSchema>["nodes"][number];

/**
 * Reads the contents of a `.cpuprofile`. Samples are counted and their time differences passed over: JavaScriptCore
 * takes none while the program waits, so that the difference before a sample may be time in which nothing ran.
 * @throws ZodError when it is none
 */
export function readCpuProfile(value: unknown): CpuProfile {
  const { nodes, samples, startTime, endTime } = profileSchema.parse(value);
  const hits = new Map<number, number>();
  for (const id of samples) hits.set(id, (hits.get(id) ?? 0) + 1);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const called = new Set(nodes.flatMap(({ children }) => children ?? []));
  const first = nodes.find(({ id }) => !called.has(id)) ?? nodes[0];
  if (first === undefined) throw new RangeError("a profile without nodes");
  return { root: build(first, byId, hits), samples: samples.length, durationMs: (endTime - startTime) / 1000 };
}

/** From the leaves up, without recursion: stacks may be deeper than ours. */
function build(first: RawNode, byId: ReadonlyMap<number, RawNode>, hits: ReadonlyMap<number, number>): CallNode {
  const order: RawNode[] = [];
  const waiting = [first];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    order.push(node);
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child !== undefined) waiting.push(child);
    }
  }
  const built = new Map<number, CallNode>();
  for (const node of order.toReversed()) {
    const children = (node.children ?? []).flatMap((id) => built.get(id) ?? []).sort((a, b) => b.total - a.total);
    const self = hits.get(node.id) ?? 0;
    const total = children.reduce((sum, child) => sum + child.total, self);
    built.set(node.id, { frame: frameOf(node), self, total, children });
  }
  const root = built.get(first.id);
  if (root === undefined) throw new RangeError("a profile without a root");
  return root;
}

function frameOf({ callFrame: { functionName, url, lineNumber } }: RawNode): Frame {
  const unnamed = url === "" ? "(native code)" : "(anonymous)";
  return { name: functionName === "" ? unnamed : functionName, url, line: Math.max(0, lineNumber + 1) };
}
