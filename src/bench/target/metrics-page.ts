/** A page of Prometheus text: what a server says of itself. */
export class MetricsPage {
  readonly #samples: readonly Sample[];

  constructor(text: string) {
    this.#samples = text.split("\n").flatMap((line) => sampleOf(line) ?? []);
  }

  /** The sum of all samples of this name whose labels include these; undefined when there is none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.#samples.filter((sample) => sample.name === name && includes(sample.labels, labels));
    return found.length === 0 ? undefined : found.reduce((total, { value }) => total + value, 0);
  }

  /** The cumulative counts of a histogram by their upper bounds, ascending; the last is Infinity. */
  buckets(name: string): readonly { readonly bound: number; readonly count: number }[] {
    return this.#samples
      .filter((sample) => sample.name === `${name}_bucket`)
      .map(({ labels, value }) => ({ bound: labels["le"] === "+Inf" ? Infinity : Number(labels["le"]), count: value }))
      .sort((a, b) => a.bound - b.bound);
  }
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

function sampleOf(line: string): Sample | undefined {
  const [, name, labels = "", value] = SAMPLE.exec(line) ?? [];
  if (name === undefined) return undefined;
  const pairs = [...labels.matchAll(LABEL)].map(([, key = "", text = ""]): [string, string] => [key, unescaped(text)]);
  return { name, labels: Object.fromEntries<string>(pairs), value: Number(value) };
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
}

function includes(labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

/**
 * The bound below which a share of what a histogram counted between two pages lies.
 * @returns undefined when it counted nothing; Infinity when it lies above the last bound
 */
export function quantileBetween(
  before: MetricsPage,
  after: MetricsPage,
  name: string,
  share: number,
): number | undefined {
  const earlier = new Map(before.buckets(name).map(({ bound, count }) => [bound, count]));
  const grown = after.buckets(name).map(({ bound, count }) => ({ bound, count: count - (earlier.get(bound) ?? 0) }));
  const total = grown.at(-1)?.count ?? 0;
  if (total === 0) return undefined;
  return grown.find(({ count }) => count >= share * total)?.bound;
}
