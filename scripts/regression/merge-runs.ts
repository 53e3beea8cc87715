import { z } from "zod";

/** The parts of what `codeq bench --json` writes that change when runs are put together; the rest is kept as it is. */
const Result = z.looseObject({
  outcome: z.string(),
  verdict: z.string(),
  parameters: z.looseObject({ repeat: z.int() }),
  points: z.array(
    z.looseObject({
      name: z.string(),
      runs: z.array(z.looseObject({ measures: z.looseObject({ rate: z.number() }).optional() })),
      rate: z.looseObject({ median: z.number(), minimum: z.number(), maximum: z.number() }).optional(),
    }),
  ),
});

type Result = z.output<typeof Result>;

/**
 * Several results of one build as one, as if it had been asked to repeat. Not every one may be like the first: another
 * sweep, an invalid run and an interrupted one are refused.
 * @throws Error that says which and why
 */
export function mergeRuns(texts: readonly string[]): string {
  const results = texts.map((text) => Result.parse(JSON.parse(text)));
  const [first] = results;
  if (first === undefined) throw new Error("there is no result to merge");
  for (const [index, { outcome, verdict }] of results.entries()) {
    if (outcome !== "complete" || verdict !== "valid") throw new Error(`run ${index + 1} is ${outcome}, ${verdict}`);
  }
  const points = first.points.map((point) => {
    const runs = results.flatMap((result) => runsOf(result, point.name));
    return {
      ...point,
      runs,
      rate: spreadOf(runs.flatMap(({ measures }) => (measures === undefined ? [] : [measures.rate]))),
    };
  });
  return JSON.stringify({ ...first, points, parameters: { ...first.parameters, repeat: results.length } });
}

function runsOf(result: Result, name: string): Result["points"][number]["runs"] {
  const point = result.points.find((candidate) => candidate.name === name);
  if (point === undefined) throw new Error(`a result has no point ${name}`);
  return point.runs;
}

function spreadOf(rates: readonly number[]): { median: number; minimum: number; maximum: number } | undefined {
  const sorted = rates.toSorted((a, b) => a - b);
  const [minimum, maximum] = [sorted[0], sorted.at(-1)];
  if (minimum === undefined || maximum === undefined) return undefined;
  const middle = (sorted.length - 1) / 2;
  const [low = minimum, high = maximum] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return { median: (low + high) / 2, minimum, maximum };
}
