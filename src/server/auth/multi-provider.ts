import { z } from "zod";
import { type Outcome, refused } from "../queue/errors.ts";
import type { Authenticator, ProviderSettings } from "./authenticators.ts";
import type { Credential } from "./credential.ts";
import type { Principal } from "./principal.ts";
import { parseProviderConfig } from "./provider-config.ts";

/**
 * Several providers, asked in order; the first that knows the token decides.
 * @param build makes one of them
 * @throws CodeqError INVALID_ARGUMENT
 */
export function buildMulti(
  name: string,
  config: unknown,
  build: (entry: ProviderSettings, name: string) => Authenticator,
): Authenticator {
  const { providers } = parseProviderConfig(name, MultiConfig, config);
  const members = providers.map(({ type, config: own }, index) => {
    // Within a list a text is the value itself, such as a bare token, and no longer JSON text of one.
    const settings = { type, config: typeof own === "string" ? JSON.stringify(own) : own };
    return build(settings, `${name}: providers.${index}`);
  });
  return { authenticate: (credential) => firstToAccept(members, credential) };
}

async function firstToAccept(members: readonly Authenticator[], credential: Credential): Promise<Outcome<Principal>> {
  const texts: string[] = [];
  for (const member of members) {
    const verdict = await member.authenticate(credential);
    if (verdict.ok) return verdict;
    texts.push(verdict.error.message);
  }
  return refused("UNAUTHENTICATED", `multi auth: token rejected by every provider: ${texts.join("; ")}`);
}

const MultiConfig = z.strictObject({
  providers: z
    .array(
      z.strictObject({
        type: z
          .string()
          .trim()
          .min(1, "a provider needs a type")
          .refine((type) => type !== "multi", "multi auth cannot be nested"),
        config: z.unknown(),
      }),
    )
    .min(2, "multi auth takes 2 to 4 providers")
    .max(4, "multi auth takes 2 to 4 providers"),
});
