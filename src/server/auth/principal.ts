import { resolveTenant } from "./tenant-claims.ts";

/** What a provider learnt from a valid token. */
export interface TokenContent {
  readonly subject: string;
  readonly email: string;
  readonly scopes: readonly string[];
  /** Commands a worker may claim; `*` stands for all. */
  readonly eventTypes: readonly string[];
  /** Every claim, for tenant and role. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** When the token ends, in milliseconds since the epoch; absent when it does not. */
  readonly expiresMs?: number;
}

/** Who calls. Made once per token where the provider can, because it is looked at in every request. */
export interface Principal {
  /** A worker's leases are held under this name. */
  readonly subject: string;
  readonly email: string;
  /** Undefined when the claims name no valid tenant; such a caller gets no further than the door. */
  readonly tenant: string | undefined;
  readonly scopes: ReadonlySet<string>;
  /** As spelled in the token. */
  readonly eventTypes: readonly string[];
  readonly admin: boolean;
  /** For what outlives a request: the token ends then, in milliseconds since the epoch; undefined when it does not. */
  readonly expiresMs: number | undefined;
}

/** A principal let in. */
export type Caller = Principal & { readonly tenant: string };

export function principalOf(content: TokenContent): Principal {
  return {
    subject: content.subject,
    email: content.email,
    tenant: resolveTenant(content.raw, content.subject),
    scopes: new Set(content.scopes),
    eventTypes: content.eventTypes,
    admin: content.scopes.includes("codeq:admin") || hasAdminRole(content.raw),
    expiresMs: content.expiresMs,
  };
}

export function hasTenant(principal: Principal): principal is Caller {
  return principal.tenant !== undefined;
}

function hasAdminRole(raw: Readonly<Record<string, unknown>>): boolean {
  const role = raw["role"];
  return typeof role === "string" && role.toUpperCase() === "ADMIN";
}
