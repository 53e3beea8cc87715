import { CodeqError } from "../queue/errors.ts";

/** Bodies of the largest size that may be in memory at the same time; of smaller ones accordingly more. */
const LARGEST_BODIES = 16;
/** Of those, what one tenant may take, so that none can keep the others out. */
const LARGEST_BODIES_OF_TENANT = 8;

/** What all request bodies being read may take in memory, however many clients send at once. */
export class BodyBudget {
  readonly #bytesMax: number;
  readonly #tenantBytesMax: number;
  /** Of tenants that are sending. */
  readonly #byTenant = new Map<string, number>();
  #bytes = 0;

  /** @param bodyBytesMax the limit of a single body */
  constructor(bodyBytesMax: number) {
    this.#bytesMax = bodyBytesMax * LARGEST_BODIES;
    this.#tenantBytesMax = bodyBytesMax * LARGEST_BODIES_OF_TENANT;
  }

  /**
   * Every reservation must be released.
   * @throws CodeqError RESOURCE_EXHAUSTED, and then nothing is reserved
   */
  reserve(tenant: string, bytes: number): void {
    const ofTenant = (this.#byTenant.get(tenant) ?? 0) + bytes;
    if (ofTenant > this.#tenantBytesMax) throw exhausted("the tenant's request bodies", this.#tenantBytesMax);
    if (this.#bytes + bytes > this.#bytesMax) throw exhausted("request bodies", this.#bytesMax);
    this.#byTenant.set(tenant, ofTenant);
    this.#bytes += bytes;
  }

  release(tenant: string, bytes: number): void {
    const left = (this.#byTenant.get(tenant) ?? 0) - bytes;
    if (left > 0) this.#byTenant.set(tenant, left);
    else this.#byTenant.delete(tenant);
    this.#bytes -= bytes;
  }
}

function exhausted(what: string, bytesMax: number): CodeqError {
  return new CodeqError("RESOURCE_EXHAUSTED", `${what} under way are over the limit of ${bytesMax} bytes`);
}
