/** What a chart shows; how wide it is and in what colours is decided where it is drawn. Plain data but for formats. */
export interface Chart {
  /** Unique on the page, for references within it. */
  readonly id: string;
  readonly title: string;
  /** One or two sentences that say what there is to see. */
  readonly description: string;
  readonly x: ChartAxis;
  readonly y: ChartAxis & { readonly scale: "linear" | "log" };
  readonly series: readonly Series[];
  /** A part of the x axis to set off. */
  readonly highlight: { readonly from: number; readonly to: number; readonly label: string } | undefined;
}

export interface ChartAxis {
  readonly label: string;
  readonly format: (value: number) => string;
  /** Where to put marks; chosen to suit the values when undefined. */
  readonly ticks: readonly number[] | undefined;
}

export interface Series {
  readonly name: string;
  readonly points: readonly SeriesPoint[];
}

export interface SeriesPoint {
  readonly x: number;
  readonly y: number;
  /** The spread around it. */
  readonly low?: number;
  readonly high?: number;
}

/** More rows than this would be no easier to read than the chart: only those at the marks of the x axis are left then. */
const ROWS_MAX = 40;

/** The series as rows, for those who would rather read than look: each x with the values of all series. */
export function chartRows({ x, y, series }: Chart): { readonly columns: readonly string[]; readonly rows: string[][] } {
  const all = [...new Set(series.flatMap(({ points }) => points.map((point) => point.x)))].sort((a, b) => a - b);
  const xs = all.length > ROWS_MAX ? all.filter((at) => x.ticks?.includes(at) ?? true).slice(0, ROWS_MAX) : all;
  const cell = ({ points }: Series, at: number): string => {
    const point = points.find((candidate) => candidate.x === at);
    return point === undefined ? "–" : y.format(point.y);
  };
  return {
    columns: [x.label, ...series.map(({ name }) => name)],
    rows: xs.map((at) => [x.format(at), ...series.map((each) => cell(each, at))]),
  };
}
