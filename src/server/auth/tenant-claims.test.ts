import { describe, expect, test } from "bun:test";
import { resolveTenant } from "./tenant-claims.ts";

describe("the tenant of a token", () => {
  test.each([
    ["the canonical claim", { tid: "acme" }, "subject", "acme"],
    ["any alias", { organization_id: "acme" }, "subject", "acme"],
    ["claims that agree", { tid: "acme", tenantId: " acme ", tenant_id: "acme" }, "subject", "acme"],
    ["the subject when no claim is there", { role: "ADMIN" }, " worker-dev ", "worker-dev"],
    ["the shortest name", { tid: "ab" }, "subject", "ab"],
    ["the longest name", { tid: `a${"b".repeat(62)}` }, "subject", `a${"b".repeat(62)}`],
  ])("is %s", (_, raw, subject, tenant) => {
    expect(resolveTenant(raw, subject)).toBe(tenant);
  });

  test.each([
    ["claims differ", { tid: "acme", tenantId: "other" }, "subject"],
    ["one of the claims is invalid", { tid: "acme", tenantId: 7 }, "subject"],
    ["the claim is invalid, whatever the subject", { tid: "Not Valid" }, "subject"],
    ["the claim is null", { tid: null }, "subject"],
    ["the name is too short", { tid: "a" }, "subject"],
    ["the name is too long", { tid: `a${"b".repeat(63)}` }, "subject"],
    ["the name begins with a digit", { tid: "1acme" }, "subject"],
    ["the name carries a line break", { tid: "acme\nx" }, "subject"],
    ["there is no claim and the subject is no name", {}, "Someone@example.org"],
  ])("cannot be told when %s", (_, raw, subject) => {
    expect(resolveTenant(raw, subject)).toBeUndefined();
  });
});
