import type { ServiceDefinition } from "@grpc/grpc-js";
import { ServerEvent as ProducerServerEvent } from "../../../proto/generated/producer.ts";
import { ServerEvent as WorkerServerEvent } from "../../../proto/generated/worker.ts";
import type { BinaryWriter } from "../../../proto/wire.ts";
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

/** A stream service as grpc-js knows it. It never sees a message. */
export function streamDefinition(direction: StreamDirection): ServiceDefinition {
  const bytes = (message: Buffer): Buffer => message;
  return {
    stream: {
      path: STREAM_PATHS[direction],
      requestStream: true,
      responseStream: true,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    },
  };
}

/** Writes what a dialogue of this direction sends. */
export const ENCODERS: Readonly<Record<StreamDirection, (event: unknown, writer: BinaryWriter) => BinaryWriter>> = {
  producer: (event, writer) =>
    event instanceof CreateAcks
      ? event.encode(writer)
      : ProducerServerEvent.encode(event as ProducerServerEvent, writer),
  worker: (event, writer) =>
    event instanceof Assignment || event instanceof ResultAcks
      ? event.encode(writer)
      : WorkerServerEvent.encode(event as WorkerServerEvent, writer),
};
