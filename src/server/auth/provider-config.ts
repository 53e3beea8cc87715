import type { z } from "zod";
import { CodeqError } from "../queue/errors.ts";

/**
 * Checks a provider's settings.
 * @throws CodeqError INVALID_ARGUMENT that names the key that is wrong; values may be secrets and are left out
 */
export function parseProviderConfig<S extends z.ZodType>(name: string, schema: S, config: unknown): z.output<S> {
  const parsed = schema.safeParse(config, { reportInput: false });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  throw new CodeqError("INVALID_ARGUMENT", `${name}: ${where}${issue?.message ?? "invalid configuration"}`);
}
