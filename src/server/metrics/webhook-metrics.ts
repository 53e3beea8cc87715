import type { Family } from "./family.ts";

/** Names of the wire protocol whose time is to come: codeq sends no webhooks yet, and knows no subscriptions. */
export function webhookFamilies(): Family[] {
  return [
    { name: "codeq_webhook_deliveries_total", help: "Webhooks sent; none yet", type: "counter", collect: () => [] },
    { name: "codeq_subscriptions_active", help: "Subscriptions; none yet", type: "gauge", collect: () => [] },
  ];
}
