import type { ServiceDefinition } from "@grpc/grpc-js";
import { ServerEvent as ProducerServerEvent } from "../../../proto/generated/producer.ts";
import { ServerEvent as WorkerServerEvent } from "../../../proto/generated/worker.ts";
import { BinaryWriter } from "../../../proto/wire.ts";
import { Assignment } from "./assignment.ts";
import { CreateAcks } from "./create-acks.ts";
import type { StreamDirection } from "./dialogue.ts";
import { ResultAcks } from "./result-acks.ts";

/** Full names. */
export const STREAM_SERVICES: Readonly<Record<StreamDirection, string>> = {
  producer: "producerpb.ProducerStream",
  worker: "workerpb.WorkerStream",
};

export const STREAM_PATHS: Readonly<Record<StreamDirection, string>> = {
  producer: `/${STREAM_SERVICES.producer}/Stream`,
  worker: `/${STREAM_SERVICES.worker}/Stream`,
};

/**
 * A stream service as grpc-js knows it. Messages come in as bytes and are read where a failure can be told from others;
 * they go out through a writer that is used again and again, as grpc-js copies what it is given.
 */
export function streamDefinition(direction: StreamDirection): ServiceDefinition {
  const writer = new BinaryWriter();
  const encode = ENCODERS[direction];
  const bytes = (message: Buffer): Buffer => message;
  return {
    stream: {
      path: STREAM_PATHS[direction],
      requestStream: true,
      responseStream: true,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      // The dialogue of this direction is the one that sends events here.
      responseSerialize: (event: ProducerServerEvent & WorkerServerEvent) => encode(event, writer.reset()).view(),
      responseDeserialize: bytes,
    },
  };
}

const ENCODERS = {
  producer: (event: ProducerServerEvent | CreateAcks, writer: BinaryWriter) =>
    event instanceof CreateAcks ? event.encode(writer) : ProducerServerEvent.encode(event, writer),
  worker: (event: WorkerServerEvent | Assignment | ResultAcks, writer: BinaryWriter) =>
    event instanceof Assignment || event instanceof ResultAcks
      ? event.encode(writer)
      : WorkerServerEvent.encode(event, writer),
};
