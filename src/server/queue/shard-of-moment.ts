/**
 * Long enough that what is created, claimed and completed under load shares commits in one shard, short enough that the
 * shards fill evenly.
 */
const SLOT_MS = 16;

/** The turn a moment belongs to. New tasks go to the shard whose turn it is, and claims look there first. */
export function turnOf(now: number): number {
  return Math.floor(now / SLOT_MS);
}
