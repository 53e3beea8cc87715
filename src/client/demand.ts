export interface Demand {
  /** Tasks the worker may hold. */
  readonly capacity: number;
  readonly held: number;
  /** Tasks asked for by Readys that are not answered yet. */
  readonly asked: number;
  /** Tasks one Ready may ask for. */
  readonly claimMax: number;
}

/**
 * How many tasks the next Ready shall ask for; 0 for none. While an earlier Ready waits, a few free places are left to
 * gather, so that tasks keep coming in batches.
 */
export function nextReadyCount({ capacity, held, asked, claimMax }: Demand): number {
  const free = capacity - held - asked;
  if (free < 1) return 0;
  const worthwhile = Math.ceil(Math.min(claimMax, capacity) / 2);
  return asked === 0 || free >= worthwhile ? Math.min(free, claimMax) : 0;
}
