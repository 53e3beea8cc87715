import { type Markup, markup } from "../report/html/markup.ts";
import { page, scrollingTable } from "../report/html/page-parts.ts";
import type { Column } from "../report/text-table.ts";
import type { CallNode, CpuProfile, Frame } from "./cpu-profile.ts";
import { FLAME_SCRIPT, FLAME_STYLE } from "./flame-graph-parts.ts";
import { hotFunctions, whereOf } from "./hot-functions.ts";

/** Narrower frames cannot be seen, and a page with too many of them cannot be used. */
const SHARE_MIN = 0.0005;
const FRAMES_MAX = 8000;
const ROW_PIXELS = 18;
const FUNCTIONS_SHOWN = 20;

/** A flame graph as one page that needs no network: callers above what they called, as wide as their share of samples. */
export function flameGraph(profile: CpuProfile, title: string): string {
  const placed = placeFrames(profile);
  const depth = Math.max(0, ...placed.map((frame) => frame.depth)) + 1;
  const note = `${profile.samples} samples in ${(profile.durationMs / 1000).toFixed(1)} s. A frame is as wide as its share of the samples; none are taken while the server waits.`;
  return page(
    title,
    [
      markup`<h1>${title}</h1><p class="quiet">${note}</p>`,
      markup`<section><div class="flame-tools">
<label>Find <input id="flame-search" type="search" placeholder="part of a name"></label>
<button id="flame-reset" type="button">Show all</button>
<span><span class="swatch own"></span>codeq</span><span><span class="swatch dependency"></span>libraries</span><span><span class="swatch runtime"></span>runtime and SQLite</span>
</div>
<div class="flame" role="img" aria-label="Flame graph; the table below names the functions with the most samples" style="height: ${depth * ROW_PIXELS}px">
${placed.map((frame) => drawFrame(frame, profile.samples))}</div></section>`,
      hotTable(profile),
    ],
    { style: FLAME_STYLE, script: FLAME_SCRIPT },
  );
}

interface PlacedFrame {
  readonly node: CallNode;
  readonly depth: number;
  /** As shares of the whole width. */
  readonly left: number;
  readonly width: number;
}

/** Level by level, so that what is left out is what lies deepest. */
function placeFrames({ root, samples }: CpuProfile): PlacedFrame[] {
  const placed: PlacedFrame[] = [];
  let level: PlacedFrame[] = [{ node: root, depth: -1, left: 0, width: 1 }];
  while (level.length > 0 && placed.length < FRAMES_MAX) {
    const next: PlacedFrame[] = [];
    for (const { node, depth, left } of level) {
      let from = left;
      for (const child of node.children) {
        const width = child.total / Math.max(1, samples);
        if (width >= SHARE_MIN) next.push({ node: child, depth: depth + 1, left: from, width });
        from += width;
      }
    }
    placed.push(...next.slice(0, FRAMES_MAX - placed.length));
    level = next;
  }
  return placed;
}

function drawFrame({ node, depth, left, width }: PlacedFrame, samples: number): Markup {
  const { frame, self, total } = node;
  const shade = (frame.name.length + frame.line) % 2 === 0 ? "" : " odd";
  const share = (count: number): string => `${((100 * count) / Math.max(1, samples)).toFixed(1)} %`;
  const tip = `${frame.name}, ${whereOf(frame)}: ${share(total)}, itself ${share(self)}`;
  const place = [left, width].map((value) => value.toFixed(6)).join(" ");
  const style = `left: ${(left * 100).toFixed(4)}%; width: ${(width * 100).toFixed(4)}%; top: ${depth * ROW_PIXELS}px`;
  return markup`<div class="${originOf(frame)}${shade}" title="${tip}" data-place="${place} ${depth}" style="${style}">${frame.name}</div>\n`;
}

function originOf({ url }: Frame): "own" | "dependency" | "runtime" {
  if (url === "" || url.startsWith("node:") || url.startsWith("bun:")) return "runtime";
  return url.includes("node_modules/") ? "dependency" : "own";
}

function hotTable(profile: CpuProfile): Markup {
  const right = (title: string): Column => ({ title, align: "right" });
  const left = (title: string): Column => ({ title, align: "left" });
  const share = (count: number): string => `${((100 * count) / Math.max(1, profile.samples)).toFixed(1)} %`;
  const rows = hotFunctions(profile)
    .slice(0, FUNCTIONS_SHOWN)
    .map(({ frame, self, total }) => [share(self), share(total), frame.name, whereOf(frame)]);
  const title = `The ${FUNCTIONS_SHOWN} functions with the most samples of their own`;
  const columns = [right("self"), right("total"), left("function"), left("where")];
  return markup`<section><h2>${title}</h2>${scrollingTable(title, columns, rows)}</section>`;
}
