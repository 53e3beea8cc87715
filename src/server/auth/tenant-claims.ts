const TENANT = /^[a-z][a-z0-9-]{1,62}$/;

/** In order of preference; the first is canonical, the others are what older tokens carry. */
const TENANT_CLAIMS = ["tid", "tenantId", "tenant_id", "organizationId", "organization_id"] as const;

/**
 * The tenant a token speaks for, or undefined when it cannot be told. All claims that are present must be valid and
 * agree; only a token with none of them falls back to its subject.
 */
export function resolveTenant(raw: Readonly<Record<string, unknown>>, subject: string): string | undefined {
  let tenant: string | undefined;
  for (const claim of TENANT_CLAIMS) {
    if (!Object.hasOwn(raw, claim)) continue;
    const value = tenantName(raw[claim]);
    if (value === undefined || (tenant !== undefined && tenant !== value)) return undefined;
    tenant = value;
  }
  return tenant ?? tenantName(subject);
}

function tenantName(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const name = value.trim();
  return TENANT.test(name) ? name : undefined;
}
