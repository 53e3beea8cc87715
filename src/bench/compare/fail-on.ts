import { COMPARED_MEASURES } from "./compared-measures.ts";
import type { Comparison, ComparisonRow } from "./comparison.ts";

/** A limit to the change of a measure, such as `rate<-5%`. */
export interface FailOn {
  readonly text: string;
  readonly measure: string;
  readonly side: "below" | "above";
  /** As a share of the base. */
  readonly change: number;
}

/** Where a limit is crossed. `proven`: by more than chance; otherwise there are too few runs to tell. */
export interface Crossing {
  readonly limit: FailOn;
  readonly row: ComparisonRow;
  readonly proven: boolean;
}

const FORM = /^\s*([a-z0-9-]+)\s*([<>])\s*([+-]?)(\d+(?:\.\d+)?)\s*%\s*$/;

/** @throws RangeError that names what is wrong and what is allowed */
export function parseFailOn(text: string): FailOn {
  const [, measure = "", side, sign, percent] = FORM.exec(text) ?? [];
  if (measure === "") {
    throw new RangeError(`${JSON.stringify(text)} is not a limit such as rate<-5% or end-to-end-p99>+10%`);
  }
  if (!COMPARED_MEASURES.some(({ name }) => name === measure)) {
    const known = COMPARED_MEASURES.map(({ name }) => name).join(", ");
    throw new RangeError(`${JSON.stringify(text)}: ${measure} is not a measure; there are ${known}`);
  }
  const change = (sign === "-" ? -1 : 1) * (Number(percent) / 100);
  return { text: text.trim(), measure, side: side === "<" ? "below" : "above", change };
}

/**
 * Where the typical change is beyond a limit and more than chance. With too few runs to tell the two apart the change
 * alone decides: a limit that such results could never cross would be no limit.
 */
export function crossings(comparison: Comparison, limits: readonly FailOn[]): Crossing[] {
  return limits.flatMap((limit) =>
    comparison.rows
      .filter((row) => row.measure.name === limit.measure && beyond(row, limit))
      .map((row) => ({ limit, row, proven: row.conclusion !== "too-few-runs" })),
  );
}

/** Limits on something that was not measured in both, or was 0 in the base: no change of it could ever cross them. */
export function idleLimits(comparison: Comparison, limits: readonly FailOn[]): FailOn[] {
  return limits.filter(
    ({ measure }) => !comparison.rows.some((row) => row.measure.name === measure && row.shift !== undefined),
  );
}

function beyond({ shift, conclusion }: ComparisonRow, { side, change }: FailOn): boolean {
  if (shift === undefined || conclusion === "no-difference") return false;
  return side === "below" ? shift.estimate < change : shift.estimate > change;
}
