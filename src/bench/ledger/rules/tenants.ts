import type { TaskHistory } from "../task-history.ts";
import type { Findings } from "../verdict.ts";

/** Whatever succeeded on a task was done by the tenant that created it. */
export function checkTenants({ creates, operations }: TaskHistory, findings: Findings): void {
  const tenants = new Set(creates.map(({ tenant }) => tenant));
  const [create] = creates;
  if (create === undefined) return;
  for (const operation of operations) {
    if (operation.outcome !== "ok" || tenants.has(operation.tenant)) continue;
    const message = `a task of ${create.tenant} answered to ${operation.tenant}`;
    findings.add("tenants-apart", message, [create, operation]);
  }
}
