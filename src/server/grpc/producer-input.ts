import { Hello } from "../../../proto/generated/producer.ts";
import { BinaryReader } from "../../../proto/wire.ts";
import { type CreateRequest, readCreate } from "./create-request.ts";
import { UnreadableMessage } from "./unreadable-message.ts";

/** What a producer says. */
export type ProducerInput =
  | { readonly kind: "hello"; readonly value: Hello }
  | { readonly kind: "creates"; readonly value: CreateRequest[]; readonly asBatch: boolean };

/** Tags of a producerpb.ProducerEvent; all have a length. */
const HELLO = 1 * 8 + 2;
const CREATE = 2 * 8 + 2;
const CREATE_BATCH = 3 * 8 + 2;
/** Of a producerpb.CreateTaskBatch. */
const TASKS = 1 * 8 + 2;

/**
 * Reads a producerpb.ProducerEvent.
 * @returns undefined for one that this server does not know
 * @throws UnreadableMessage
 */
export function readProducerInput(message: Buffer, jsonDepthMax: number): ProducerInput | undefined {
  try {
    return readInput(new BinaryReader(message), jsonDepthMax);
  } catch (error) {
    throw new UnreadableMessage("producerpb.ProducerEvent", error);
  }
}

function readInput(reader: BinaryReader, jsonDepthMax: number): ProducerInput | undefined {
  let input: ProducerInput | undefined;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    switch (tag) {
      case HELLO:
        input = { kind: "hello", value: Hello.decode(reader, reader.uint32()) };
        break;
      case CREATE:
        input = { kind: "creates", value: [readCreate(reader, jsonDepthMax)], asBatch: false };
        break;
      case CREATE_BATCH:
        input = { kind: "creates", value: readCreates(reader, jsonDepthMax), asBatch: true };
        break;
      default:
        reader.skip(tag & 7);
    }
  }
  return input;
}

function readCreates(reader: BinaryReader, jsonDepthMax: number): CreateRequest[] {
  const creates: CreateRequest[] = [];
  const end = reader.enter();
  while (reader.toNext(TASKS, end)) creates.push(readCreate(reader, jsonDepthMax));
  return creates;
}
