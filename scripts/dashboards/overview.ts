import { type Dashboard, quantiles, rateBy, rateOf } from "./dashboard.ts";

const depth = (queue: string): string => `sum(codeq_queue_depth{queue="${queue}", LANE})`;

export const overview: Dashboard = {
  uid: "codeq-overview",
  title: "codeq overview",
  description: "Is work done as it comes, and if not, where is it stuck?",
  rows: [
    {
      title: "Now",
      panels: [
        number("Ready", "Tasks that a worker could claim", depth("ready")),
        number("In progress", "Tasks under a lease", depth("in_progress")),
        number("Delayed", "Tasks whose time has not come, retries among them", depth("delayed")),
        number("Dead letters", "Tasks that used up their deliveries", depth("dlq")),
        {
          ...number("Version", "What runs, and what an acknowledgement survives", "codeq_info{SERVER}"),
          queries: [{ expr: "codeq_info{SERVER}", legend: "{{version}}, durability {{durability}}" }],
          columns: 8,
        },
      ],
    },
    {
      title: "Flow",
      panels: [
        {
          title: "Tasks per second",
          description: "In balance when the lines lie on each other",
          kind: "graph",
          unit: "ops",
          columns: 12,
          queries: [
            { expr: rateOf("codeq_task_created_total", "LANE"), legend: "created" },
            { expr: rateOf("codeq_task_claimed_total", "LANE"), legend: "claimed" },
            { expr: rateBy("status", "codeq_task_completed_total", "LANE"), legend: "{{status}}" },
          ],
        },
        {
          title: "Depth by state",
          description: "Where the tasks are that are not finished",
          kind: "graph",
          unit: "short",
          columns: 12,
          queries: [{ expr: "sum by (queue) (codeq_queue_depth{LANE})", legend: "{{queue}}" }],
        },
        {
          title: "Ready by command",
          description: "The ten longest queues",
          kind: "graph",
          unit: "short",
          columns: 12,
          queries: [
            { expr: 'topk(10, sum by (command) (codeq_queue_depth{queue="ready", LANE}))', legend: "{{command}}" },
          ],
        },
        {
          title: "Finished tasks kept",
          description: "Until their retention is over",
          kind: "graph",
          unit: "short",
          columns: 12,
          queries: [{ expr: "sum by (status) (codeq_finished_tasks{LANE})", legend: "{{status}}" }],
        },
      ],
    },
    {
      title: "Time",
      panels: [
        {
          title: "Queue wait",
          description: "From creation to the first delivery, delays that were asked for included",
          kind: "graph",
          unit: "s",
          columns: 8,
          queries: quantiles("codeq_queue_wait_seconds", "LANE"),
        },
        {
          title: "Creation to end",
          description: "Of completed tasks: waiting, work and every retry",
          kind: "graph",
          unit: "s",
          columns: 8,
          queries: quantiles("codeq_task_processing_latency_seconds", 'status="COMPLETED", LANE'),
        },
        {
          title: "Claims over HTTP",
          description: "Of those that got tasks; a long poll's waiting counts",
          kind: "graph",
          unit: "s",
          columns: 8,
          queries: quantiles("codeq_claim_latency_seconds", "SERVER"),
        },
      ],
    },
    {
      title: "Trouble",
      panels: [
        {
          title: "Dead letters by command",
          description: "Each stands for work that was not done",
          kind: "graph",
          unit: "short",
          columns: 8,
          queries: [{ expr: "sum by (command) (codeq_dlq_depth{LANE})", legend: "{{command}}" }],
        },
        {
          title: "Share of failures",
          description: "Failed or dead, of the tasks that end",
          kind: "graph",
          unit: "percentunit",
          columns: 8,
          queries: [
            {
              expr: `${rateBy("command", "codeq_task_completed_total", 'status="FAILED", LANE')} / ${rateBy("command", "codeq_task_completed_total", "LANE")}`,
              legend: "{{command}}",
            },
          ],
        },
        {
          title: "Leases that ended without a result",
          description: "Workers that died, hung, or took longer than their lease",
          kind: "graph",
          unit: "ops",
          columns: 8,
          queries: [{ expr: rateBy("command", "codeq_lease_expired_total", "LANE"), legend: "{{command}}" }],
        },
        {
          title: "HTTP refusals and errors",
          description: "4xx are the clients' doing, 5xx the server's or the disk's",
          kind: "graph",
          unit: "reqps",
          columns: 12,
          queries: [
            { expr: rateBy("status", "codeq_http_requests_total", 'status=~"[45]..", SERVER'), legend: "{{status}}" },
          ],
        },
        {
          title: "Rate limits met",
          description: "Requests answered with 429",
          kind: "graph",
          unit: "reqps",
          columns: 12,
          queries: [
            {
              expr: rateBy("scope, operation", "codeq_rate_limit_hits_total", "SERVER"),
              legend: "{{scope}} {{operation}}",
            },
          ],
        },
      ],
    },
  ],
};

function number(title: string, description: string, expr: string) {
  const queries = [{ expr, legend: title }];
  return { title, description, kind: "number", unit: "short", columns: 4, queries } as const;
}
