import { Abandon, Heartbeat, Hello, Nack, Ready } from "../../../proto/generated/worker.ts";
import { BinaryReader } from "../../../proto/wire.ts";
import { type IdReader, type ResultRequest, readResult } from "./result-request.ts";
import { UnreadableMessage } from "./unreadable-message.ts";

/** What a worker says. */
export type WorkerInput =
  | { readonly kind: "hello"; readonly value: Hello }
  | { readonly kind: "ready"; readonly value: Ready }
  | { readonly kind: "nack"; readonly value: Nack }
  | { readonly kind: "heartbeat"; readonly value: Heartbeat }
  | { readonly kind: "abandon"; readonly value: Abandon }
  | { readonly kind: "results"; readonly value: ResultRequest[]; readonly asBatch: boolean };

/** Tags of a workerpb.WorkerEvent; all have a length. */
const HELLO = 1 * 8 + 2;
const READY = 2 * 8 + 2;
const RESULT = 3 * 8 + 2;
const NACK = 4 * 8 + 2;
const HEARTBEAT = 5 * 8 + 2;
const ABANDON = 6 * 8 + 2;
const RESULT_BATCH = 7 * 8 + 2;
/** Of a workerpb.ResultBatch. */
const RESULTS = 1 * 8 + 2;

/**
 * Reads a workerpb.WorkerEvent.
 * @returns undefined for one that this server does not know
 * @throws UnreadableMessage
 */
export function readWorkerInput(message: Buffer, ids: IdReader, jsonDepthMax: number): WorkerInput | undefined {
  try {
    return readInput(new BinaryReader(message), ids, jsonDepthMax);
  } catch (error) {
    throw new UnreadableMessage("workerpb.WorkerEvent", error);
  }
}

function readInput(reader: BinaryReader, ids: IdReader, jsonDepthMax: number): WorkerInput | undefined {
  let input: WorkerInput | undefined;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    switch (tag) {
      case HELLO:
        input = { kind: "hello", value: Hello.decode(reader, reader.uint32()) };
        break;
      case READY:
        input = { kind: "ready", value: Ready.decode(reader, reader.uint32()) };
        break;
      case RESULT:
        input = { kind: "results", value: [readResult(reader, ids, jsonDepthMax)], asBatch: false };
        break;
      case RESULT_BATCH:
        input = { kind: "results", value: readResults(reader, ids, jsonDepthMax), asBatch: true };
        break;
      case NACK:
        input = { kind: "nack", value: Nack.decode(reader, reader.uint32()) };
        break;
      case HEARTBEAT:
        input = { kind: "heartbeat", value: Heartbeat.decode(reader, reader.uint32()) };
        break;
      case ABANDON:
        input = { kind: "abandon", value: Abandon.decode(reader, reader.uint32()) };
        break;
      default:
        reader.skip(tag & 7);
    }
  }
  return input;
}

function readResults(reader: BinaryReader, ids: IdReader, jsonDepthMax: number): ResultRequest[] {
  const results: ResultRequest[] = [];
  const end = reader.enter();
  while (reader.toNext(RESULTS, end)) results.push(readResult(reader, ids, jsonDepthMax));
  return results;
}
