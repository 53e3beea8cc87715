import { status } from "@grpc/grpc-js";
import type { ServerEvent } from "../../../proto/generated/producer.ts";
import { authorizeProducer } from "../auth/authorize.ts";
import { accepted } from "../queue/errors.ts";
import type { Opening, StreamService } from "./dialogue.ts";
import { authRefusal, credentialOf } from "./hello.ts";
import { ProducerDialogue } from "./producer-dialogue.ts";
import { readProducerInput } from "./producer-input.ts";
import type { ServiceOptions } from "./service-options.ts";
import { FIRST_MUST_BE_HELLO, StreamEnd } from "./stream-end.ts";
import type { StreamSession } from "./stream-session.ts";

/** Streams on which producers create tasks. */
export function producerService(options: ServiceOptions): StreamService {
  return {
    direction: "producer",
    open: (message, session) => open(options, message, session),
  };
}

async function open(options: ServiceOptions, message: Buffer, session: StreamSession): Promise<Opening | StreamEnd> {
  const input = readProducerInput(message, options.limits.jsonDepthMax);
  if (input?.kind !== "hello") return FIRST_MUST_BE_HELLO;
  const credential = credentialOf(input.value.token);
  if (credential === undefined) return new StreamEnd(status.UNAUTHENTICATED, "missing token", "auth");
  const caller = await authorizeProducer(options.authenticators, accepted(credential));
  if (!caller.ok) return authRefusal(caller.error);
  const { tenant, subject, expiresMs } = caller.value;
  const dialogue = new ProducerDialogue(options, caller.value, credential.digest, session);
  const helloAck: ServerEvent = { event: { $case: "helloAck", value: { tenantId: tenant, subject } } };
  return { dialogue, helloAck, expiresMs };
}
