/**
 * What `codeq/client` exports: the SDK's whole public surface, and the only file that names what other files define.
 */
export type { Backoff } from "./backoff.ts";
export {
  type ClaimOptions,
  Client,
  type ClientOptions,
  type Outcome,
  type QueueStats,
  type ResultOfTask,
} from "./client.ts";
export { type ClientErrorCode, CodeqError, type ErrorCode, type ServerErrorCode } from "./codeq-error.ts";
export type { CommandSchemas, PayloadInput, PayloadOutput } from "./commands.ts";
export type { ConnectionOptions } from "./connection-options.ts";
export type { Created } from "./create-backlog.ts";
export type { NewTask, TaskOptions } from "./new-task.ts";
export { type CreateOutcome, Producer } from "./producer.ts";
export type { ProducerOptions } from "./producer-options.ts";
export { ReceivedTask, type TaskOf } from "./received-task.ts";
export type { StandardSchema } from "./standard-schema.ts";
export type { ResultRecord, TaskRecord, TaskStatus } from "./task-record.ts";
export type { Timing } from "./timing.ts";
export type { TlsOptions } from "./tls.ts";
export type { Token } from "./token.ts";
export { abandon, fail, type NackOptions, nack, type Verdict } from "./verdict.ts";
export { Worker } from "./worker.ts";
export type { Handler, SettledTask, WorkerOptions } from "./worker-options.ts";
