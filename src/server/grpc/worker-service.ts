import { status } from "@grpc/grpc-js";
import type { ServerEvent } from "../../../proto/generated/worker.ts";
import { identifyWorker } from "../auth/authorize.ts";
import { accepted } from "../queue/errors.ts";
import type { Opening, StreamService } from "./dialogue.ts";
import { authRefusal, credentialOf } from "./hello.ts";
import type { ServiceOptions } from "./service-options.ts";
import { FIRST_MUST_BE_HELLO, StreamEnd } from "./stream-end.ts";
import type { StreamSession } from "./stream-session.ts";
import { WorkerDialogue } from "./worker-dialogue.ts";
import { readWorkerInput } from "./worker-input.ts";
import { workerNameOf } from "./worker-name.ts";

/** Streams on which workers get tasks and hand in results. */
export function workerService(options: ServiceOptions): StreamService {
  return {
    direction: "worker",
    open: (message, session) => open(options, message, session),
  };
}

async function open(options: ServiceOptions, message: Buffer, session: StreamSession): Promise<Opening | StreamEnd> {
  const input = readWorkerInput(message, options.queue, options.limits.jsonDepthMax);
  if (input?.kind !== "hello") return FIRST_MUST_BE_HELLO;
  const credential = credentialOf(input.value.token);
  if (credential === undefined) return new StreamEnd(status.UNAUTHENTICATED, "auth failed: missing token", "auth");
  const { workerIdBytesMax } = options.limits;
  const bytes = Buffer.byteLength(input.value.workerId);
  if (bytes > workerIdBytesMax) {
    const details = `worker_id of ${bytes} bytes is over the limit of ${workerIdBytesMax} bytes`;
    return new StreamEnd(status.INVALID_ARGUMENT, details, "bad_message");
  }
  const caller = await identifyWorker(options.authenticators, accepted(credential));
  if (!caller.ok) return authRefusal(caller.error);
  const { tenant, expiresMs } = caller.value;
  const worker = workerNameOf(caller.value, input.value.workerId);
  const helloAck: ServerEvent = { event: { $case: "helloAck", value: { workerId: worker, tenantId: tenant } } };
  const greeting = { caller: caller.value, digest: credential.digest, worker };
  return { dialogue: new WorkerDialogue(options, greeting, session), helloAck, expiresMs };
}
