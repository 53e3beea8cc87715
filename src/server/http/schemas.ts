import { z } from "zod";

/**
 * What request bodies look like. These schemas check every body and make the OpenAPI document. Members that are not
 * listed are ignored, and `null` stands for absent, as clients of the wire protocol expect.
 */

/** Text that would not survive the way to disk and back is refused rather than changed. */
const text = z.string().refine((value) => value.isWellFormed(), "must be well-formed Unicode (lone surrogate)");
/** An empty text is as good as none, for clients that always send every member. */
const optionalText = text.nullish().transform((value) => (value === "" ? undefined : (value ?? undefined)));
const optionalInt = z
  .int()
  .nullish()
  .transform((value) => value ?? undefined);

/** JSON text of a member taken over as it came; the document describes the value it stands for. */
const rawValue = z.string().meta({ wire: "any" });
const rawObject = z
  .string()
  .refine((raw) => raw.startsWith("{") || raw === "null", "must be a JSON object")
  .meta({ wire: "object" })
  .optional()
  .transform((raw) => (raw === "null" ? undefined : raw));

const creation = {
  priority: optionalInt.describe("Higher goes first. Clamped to 0..9; default 0"),
  webhook: optionalText.describe(
    "http or https URL; kept with the task and told nothing yet: codeq sends no webhooks so far",
  ),
  maxAttempts: optionalInt.describe(
    "Deliveries before the task is dead; the server's default when absent or not positive",
  ),
  idempotencyKey: optionalText.describe("Unique per tenant: creating again with the same key returns the first task"),
  runAt: optionalText.describe("RFC 3339 time before which the task is not delivered; goes before delaySeconds"),
  delaySeconds: optionalInt.describe("Whole seconds before the task may be delivered"),
};

export const CreateBody = z.object({
  command: text.min(1).describe("The lane; case does not matter, spelling is kept"),
  payload: rawValue.refine((raw) => raw !== "null", "required").describe("Any JSON value but null; kept byte for byte"),
  ...creation,
});

/** Each item is answered for itself, so what is missing is found item by item. */
const BatchItem = z.object({
  command: optionalText.describe("The lane; case does not matter, spelling is kept"),
  payload: rawValue.optional().describe("Any JSON value, kept byte for byte; null when absent"),
  ...creation,
});

export const CreateBatchBody = z.object({ tasks: z.array(BatchItem).min(1) });

const claim = {
  commands: z
    .array(text)
    .nullish()
    .transform((value) => value ?? [])
    .describe("Commands to claim; all that the token allows when absent or empty"),
  leaseSeconds: optionalInt.describe("The server's default when absent or not positive"),
  waitSeconds: optionalInt.describe("How long to wait for a task; more than the server allows (30) is cut"),
};

export const ClaimBody = z.object(claim);

export const ClaimBatchBody = z.object({ ...claim, count: z.int().min(1).describe("Tasks wanted at most") });

export const HeartbeatBody = z.object({
  extendSeconds: optionalInt.describe("New length of the lease, from now; the default when not positive"),
});

export const NackBody = z.object({
  delaySeconds: optionalInt.describe("Seconds until redelivery: 0 is at once, absent leaves it to the backoff"),
  reason: optionalText.describe("Kept as the task's error if this was its last delivery"),
});

const result = {
  result: rawObject.describe("JSON object, kept byte for byte"),
  error: optionalText.describe("Why it failed; needed for FAILED"),
  artifacts: z
    .array(z.unknown())
    .nullish()
    .transform((value) => value ?? [])
    .describe("Not supported: must be absent or empty"),
};

export const ResultBody = z.object({ status: text.min(1).describe("COMPLETED or FAILED"), ...result });

const ResultItem = z.object({ taskId: optionalText, status: optionalText.describe("COMPLETED or FAILED"), ...result });

export const ResultBatchBody = z.object({ results: z.array(ResultItem).min(1) });

export const CleanupBody = z.object({
  limit: optionalInt.describe("Tasks to delete at most; 1000 when absent or not positive"),
  before: optionalText.describe("RFC 3339 time; tasks whose retention ended before it are deleted. Default: now"),
});

export type CreateItem = z.output<typeof BatchItem>;
export type ClaimItem = z.output<typeof ClaimBody>;
export type ResultEntry = z.output<typeof ResultItem>;
