/**
 * Which tasks are delayed, and how long: a pure function of seed and tag, so that every run with one seed is the same.
 */
export interface Delays {
  /** From 0 to 1. */
  readonly share: number;
  readonly secondsMax: number;
  readonly seed: number;
}

/** @returns whole seconds, 0 for at once */
export function delaySecondsOf(tag: number, { share, secondsMax, seed }: Delays): number {
  const dice = scramble(tag ^ scramble(seed));
  if ((dice & 0xffff) / 0x10000 >= share) return 0;
  return 1 + ((dice >>> 16) % secondsMax);
}

/** The 32-bit finalizer of MurmurHash3 (Austin Appleby, public domain). */
function scramble(value: number): number {
  let hash = (value + 0x9e37_79b9) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
