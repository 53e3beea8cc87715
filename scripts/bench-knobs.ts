import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { ensureBuilt } from "./build.ts";
import { COLLECTOR, KNOBS, type Knob, type Side } from "./knobs/knobs.ts";
import { median } from "./median.ts";

/**
 * What each knob of docs/performance-tuning.md does: both sides measured in turn, so that a machine others share gets
 * faster and slower for both. Prints the table of that page; a run that is not valid ends the script.
 */

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
  },
});
const root = dirname(import.meta.dirname);
const binary = ensureBuilt(root);
const rounds = Number(flags.rounds);
const wanted =
  positionals.length === 0 ? KNOBS : KNOBS.filter(({ name }) => positionals.some((word) => name.includes(word)));

const Result = z.object({
  verdict: z.literal("valid"),
  points: z.tuple([
    z.object({
      unit: z.string(),
      runs: z.tuple([
        z.object({
          measures: z.object({
            rate: z.number(),
            server: z.object({ cpuSecondsPerMillion: z.number() }),
            latencies: z.record(z.string(), z.object({ p99Ms: z.number() })),
          }),
        }),
      ]),
    }),
  ]),
});

interface Figures {
  readonly rate: number;
  readonly cpu: number;
  readonly p99Ms: number;
}

process.stdout.write(
  "| Knob | Set to | tasks/s | lowest … highest | p99 end to end | CPU s per million | against the first |\n",
);
process.stdout.write("|---|---|---:|---|---:|---:|---:|\n");
for (const knob of wanted) process.stdout.write(await rowsOf(knob));

async function rowsOf(knob: Knob): Promise<string> {
  const before: Figures[] = [];
  const after: Figures[] = [];
  using collector = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("{}") });
  for (let round = 0; round < rounds; round += 1) {
    const order = [
      [knob.before, before],
      [knob.after, after],
    ] as const;
    // Neither side is always the one that runs on a machine the other has warmed up.
    for (const [side, figures] of round % 2 === 0 ? order : order.toReversed()) {
      figures.push(await measure(knob, side, collector.url.origin));
    }
    process.stderr.write(`${knob.name}: round ${round + 1} of ${rounds}\n`);
  }
  const ratio = median(after.map(({ rate }, round) => rate / (before[round]?.rate ?? Number.NaN)));
  return `${rowOf(knob.name, knob.before, before, "")}${rowOf("", knob.after, after, `${percent(ratio)} %`)}`;
}

async function measure(knob: Knob, side: Side, collector: string): Promise<Figures> {
  const directory = mkdtempSync("/var/tmp/codeq-knobs-");
  const file = join(directory, "run.json");
  try {
    const words = [...knob.load, ...side.flags].map((word) => word.replaceAll(COLLECTOR, collector));
    const command = [binary, "bench", ...words, "--duration", flags.seconds, "--warmup", "1"];
    const child = Bun.spawn([...command, "--quiet", "--no-profile", "--json", file], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const code = await child.exited;
    if (code !== 0) throw new Error(`${command.join(" ")} exited with ${code}`);
    const { rate, server, latencies } = Result.parse(JSON.parse(readFileSync(file, "utf8"))).points[0].runs[0].measures;
    return { rate, cpu: server.cpuSecondsPerMillion, p99Ms: latencies["endToEnd"]?.p99Ms ?? Number.NaN };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function rowOf(name: string, side: Side, figures: readonly Figures[], change: string): string {
  const rates = figures.map(({ rate }) => rate);
  const spread = `${whole(Math.min(...rates))} … ${whole(Math.max(...rates))}`;
  const p99Ms = median(figures.map((each) => each.p99Ms));
  const cpu = median(figures.map((each) => each.cpu));
  const cells = [name, side.label, whole(median(rates)), spread, `${p99Ms.toFixed(1)} ms`, cpu.toFixed(1), change];
  return `| ${cells.join(" | ")} |\n`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function percent(ratio: number): string {
  const change = (ratio - 1) * 100;
  return `${change < 0 ? "−" : "+"}${Math.abs(change).toFixed(0)}`;
}
