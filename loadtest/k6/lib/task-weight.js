/**
 * What a task weighs in the checksum of a run. Whole numbers up to this, so that the sums of a billion tasks stay exact.
 */
export const WEIGHT_MAX = 2 ** 20;

/**
 * Mixed (the last steps of MurmurHash3), so that two groups of tasks that are not the same hardly ever weigh the same, not
 * even if one lies beside the other.
 * @param number of a task, told apart from all others of its run by it
 */
export function weightOf(number) {
  let mixed = number ^ (number >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  mixed ^= mixed >>> 16;
  return 1 + (mixed >>> 12);
}
