import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { GENERATED, generateProto, runBuf } from "../scripts/generate-proto.ts";
import { FILE_DESCRIPTORS } from "./generated/descriptors.ts";

const root = dirname(import.meta.dirname);

test("the generated code is what the .proto files make today (else: bun run generate)", () => {
  for (const [path, text] of generateProto(root)) {
    expect(readFileSync(join(root, GENERATED, path), "utf8"), path).toBe(text);
  }
}, 30_000);

test("the .proto files are in good style", () => {
  expect(runBuf(root, ["lint", "proto"]).toString()).toBe("");
}, 30_000);

/** What clients out there speak: number, name and type of every field. Fields may be added, here too; none may change. */
const SPOKEN = {
  "producerpb.ProducerEvent": "1 hello Hello; 2 create CreateTask; 3 create_batch CreateTaskBatch",
  "producerpb.ServerEvent":
    "1 hello_ack HelloAck; 2 create_ack CreateAck; 3 error ServerError; 4 create_ack_batch CreateAckBatch",
  "producerpb.Hello": "1 token string",
  "producerpb.HelloAck": "1 tenant_id string; 2 subject string",
  "producerpb.CreateTask":
    "1 seq uint64; 2 command string; 3 payload bytes; 4 priority int32; 5 webhook string; 6 max_attempts int32; 7 idempotency_key string; 8 run_at Timestamp; 9 delay_seconds int32; 10 trace_parent string; 11 trace_state string",
  "producerpb.CreateTaskBatch": "1 tasks repeated CreateTask",
  "producerpb.CreateAck":
    "1 seq uint64; 2 ok bool; 3 task_id string; 4 error_message string; 5 replayed bool; 6 error_code string",
  "producerpb.CreateAckBatch": "1 acks repeated CreateAck",
  "producerpb.ServerError": "1 code string; 2 message string",
  "workerpb.Task":
    "1 id string; 2 command string; 3 payload bytes; 4 priority int32; 5 webhook string; 6 max_attempts int32; 7 status string; 8 worker_id string; 9 lease_until string; 10 attempts int32; 11 tenant_id string; 12 created_at Timestamp; 13 updated_at Timestamp; 14 trace_parent string; 15 trace_state string",
  "workerpb.Hello": "1 token string; 2 worker_id string",
  "workerpb.Ready": "1 commands repeated string; 2 lease_seconds int32; 3 count int32",
  "workerpb.Result": "1 task_id string; 2 status string; 3 result_json bytes; 4 error string",
  "workerpb.Nack": "1 task_id string; 2 delay_seconds int32; 3 reason string",
  "workerpb.Heartbeat": "1 task_id string; 2 extend_seconds int32",
  "workerpb.Abandon": "1 task_id string",
  "workerpb.ResultBatch": "1 results repeated Result",
  "workerpb.WorkerEvent":
    "1 hello Hello; 2 ready Ready; 3 result Result; 4 nack Nack; 5 heartbeat Heartbeat; 6 abandon Abandon; 7 result_batch ResultBatch",
  "workerpb.HelloAck": "1 worker_id string; 2 tenant_id string",
  "workerpb.TaskAssignment": "1 task Task",
  "workerpb.TaskBatch": "1 tasks repeated Task",
  "workerpb.ResultAck": "1 task_id string; 2 ok bool; 3 error_message string; 4 error_code string",
  "workerpb.ResultAckBatch": "1 acks repeated ResultAck",
  "workerpb.HeartbeatAck": "1 task_id string; 2 ok bool; 3 error_message string; 4 error_code string",
  "workerpb.NackAck":
    "1 task_id string; 2 ok bool; 3 error_message string; 4 applied_delay_seconds int32; 5 dlq bool; 6 error_code string",
  "workerpb.AbandonAck": "1 task_id string; 2 ok bool; 3 error_message string; 4 error_code string",
  "workerpb.ServerError": "1 message string; 2 code string",
  "workerpb.ServerEvent":
    "1 hello_ack HelloAck; 2 task TaskAssignment; 3 result_ack ResultAck; 4 heartbeat_ack HeartbeatAck; 5 nack_ack NackAck; 6 abandon_ack AbandonAck; 7 error ServerError; 8 task_batch TaskBatch; 9 result_ack_batch ResultAckBatch",
  "grpc.health.v1.HealthCheckRequest": "1 service string",
  "grpc.health.v1.HealthCheckResponse": "1 status ServingStatus",
  "grpc.health.v1.HealthListRequest": "",
  "grpc.health.v1.HealthListResponse": "1 statuses repeated StatusesEntry",
  "grpc.reflection.v1.ServerReflectionRequest":
    "1 host string; 3 file_by_filename string; 4 file_containing_symbol string; 5 file_containing_extension ExtensionRequest; 6 all_extension_numbers_of_type string; 7 list_services string",
  "grpc.reflection.v1.ExtensionRequest": "1 containing_type string; 2 extension_number int32",
  "grpc.reflection.v1.ServerReflectionResponse":
    "1 valid_host string; 2 original_request ServerReflectionRequest; 4 file_descriptor_response FileDescriptorResponse; 5 all_extension_numbers_response ExtensionNumberResponse; 6 list_services_response ListServiceResponse; 7 error_response ErrorResponse",
  "grpc.reflection.v1.FileDescriptorResponse": "1 file_descriptor_proto repeated bytes",
  "grpc.reflection.v1.ExtensionNumberResponse": "1 base_type_name string; 2 extension_number repeated int32",
  "grpc.reflection.v1.ListServiceResponse": "1 service repeated ServiceResponse",
  "grpc.reflection.v1.ServiceResponse": "1 name string",
  "grpc.reflection.v1.ErrorResponse": "1 error_code int32; 2 error_message string",
} as const;

const files = FILE_DESCRIPTORS.map(({ descriptor }) => {
  return fromBinary(FileDescriptorProtoSchema, Buffer.from(descriptor, "base64"));
});

function messageOf(name: string): DescriptorProto | undefined {
  return files
    .flatMap((file) => file.messageType.map((message) => ({ name: `${file.package}.${message.name}`, message })))
    .find((entry) => entry.name === name)?.message;
}

function describeField(field: FieldDescriptorProto): string {
  const type = field.typeName === "" ? Type[field.type].toLowerCase() : field.typeName.split(".").pop();
  return `${field.number} ${field.name} ${field.label === Label.REPEATED ? "repeated " : ""}${type}`;
}

test.each(Object.entries(SPOKEN))("%s has the fields that clients know", (name, fields) => {
  expect(messageOf(name)?.field.map(describeField).join("; ")).toBe(fields);
});

test("every message that has a file here is on the list", () => {
  const ours = files.filter(({ package: name }) => !name.startsWith("google."));
  const names = ours.flatMap((file) => file.messageType.map(({ name }) => `${file.package}.${name}`));
  expect(names.toSorted()).toEqual(Object.keys(SPOKEN).toSorted());
});

test("only events have alternatives, and only a nack's delay can be absent", () => {
  for (const { message, full } of files.flatMap((file) =>
    file.messageType.map((message) => ({ message, full: `${file.package}.${message.name}` })),
  )) {
    if (full.startsWith("grpc.")) continue;
    const expected = full.endsWith("Event") ? ["event"] : full === "workerpb.Nack" ? ["_delay_seconds"] : [];
    expect(message.oneofDecl.map(({ name }) => name)).toEqual(expected);
  }
});

test("the streams are where clients look for them", () => {
  const services = files.flatMap((file) =>
    file.service.map(({ name, method }) => ({
      name: `${file.package}.${name}`,
      methods: method.map((one) => [one.name, one.inputType, one.outputType, one.clientStreaming, one.serverStreaming]),
    })),
  );
  expect(services).toContainEqual({
    name: "producerpb.ProducerStream",
    methods: [["Stream", ".producerpb.ProducerEvent", ".producerpb.ServerEvent", true, true]],
  });
  expect(services).toContainEqual({
    name: "workerpb.WorkerStream",
    methods: [["Stream", ".workerpb.WorkerEvent", ".workerpb.ServerEvent", true, true]],
  });
});
