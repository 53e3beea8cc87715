/** Tasks with the same key meet in the same shard, where one transaction decides. FNV-1a over UTF-16 units. */
export function shardOfKey(tenant: string, idempotencyKey: string, shards: number): number {
  if (shards === 1) return 0;
  const text = `${tenant}\u0000${idempotencyKey}`;
  let hash = 0x811c_9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193);
  }
  return (hash >>> 0) % shards;
}
