import { type Column, textTable } from "../report/text-table.ts";
import type { CpuProfile, Frame } from "./cpu-profile.ts";

/** A function, wherever it was called from. */
export interface HotFunction {
  readonly frame: Frame;
  /** Samples in the function itself. */
  readonly self: number;
  /** Samples in it or in what it called; a sample counts once, however often the function is on the stack. */
  readonly total: number;
}

/** All functions that were seen, those with the most samples of their own first. */
export function hotFunctions({ root }: CpuProfile): HotFunction[] {
  const found = new Map<string, { frame: Frame; self: number; total: number; onStack: number }>();
  // Each node is met twice: when it is entered, and when all it called have been seen.
  const waiting = root.children.map((node) => ({ node, leaves: false }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, leaves } = next;
    const key = JSON.stringify(node.frame);
    const entry = found.get(key) ?? { frame: node.frame, self: 0, total: 0, onStack: 0 };
    found.set(key, entry);
    if (leaves) {
      entry.onStack -= 1;
      continue;
    }
    entry.self += node.self;
    if (entry.onStack === 0) entry.total += node.total;
    entry.onStack += 1;
    waiting.push({ node, leaves: true }, ...node.children.map((child) => ({ node: child, leaves: false })));
  }
  return [...found.values()].sort((a, b) => (b.self === a.self ? b.total - a.total : b.self - a.self));
}

const COLUMNS: readonly Column[] = [
  { title: "self", align: "right" },
  { title: "total", align: "right" },
  { title: "function", align: "left" },
  { title: "where", align: "left" },
];

/** The functions most of the time went to, as a table in plain text. */
export function hotFunctionsText(profile: CpuProfile, count: number): string[] {
  const share = (samples: number): string => `${((100 * samples) / Math.max(1, profile.samples)).toFixed(1)} %`;
  const rows = hotFunctions(profile)
    .slice(0, count)
    .map(({ frame, self, total }) => [share(self), share(total), frame.name, whereOf(frame)]);
  return textTable(COLUMNS, rows);
}

/** `src/server/serve.ts:12`, or where it belongs when it is not written in a file. */
export function whereOf({ url, line }: Frame): string {
  if (url === "") return "runtime";
  const path = url.replace(/^file:\/\//, "").replace(/^.*\/(?=(?:src|proto|node_modules)\/)/, "");
  return line > 0 ? `${path}:${line}` : path;
}
