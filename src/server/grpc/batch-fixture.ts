import { BinaryWriter } from "../../../proto/wire.ts";

/**
 * For tests only: a message whose field of this tag is a batch of one item, among fields that nobody knows.
 * @param item writes the item's own fields
 */
export function batchAmongNewFields(tag: number, item: (writer: BinaryWriter) => void): Buffer {
  const writer = new BinaryWriter().uint32(tag).fork().uint32(NEW).string("new").uint32(ITEM).fork();
  item(writer);
  return writer.join().uint32(NEW).string("new").join().finish();
}

const ITEM = 1 * 8 + 2;
const NEW = 99 * 8 + 2;
