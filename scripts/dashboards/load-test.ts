import { type Dashboard, type Panel, quantiles, rateBy, rateOf } from "./dashboard.ts";

export const loadTest: Dashboard = {
  uid: "codeq-load-test",
  title: "codeq load test",
  description:
    "What k6 sees on the left, what the server says of the same time on the right. k6 writes to Prometheus itself.",
  rows: [
    {
      title: "Throughput",
      panels: [
        graph("k6: requests", "By name, as the scripts group them", "reqps", [
          { expr: "sum by (name) (rate(k6_http_reqs_total[$__rate_interval]))", legend: "{{name}}" },
        ]),
        graph("codeq: tasks", "Created, claimed and ended", "ops", [
          { expr: rateOf("codeq_task_created_total", "LANE"), legend: "created" },
          { expr: rateOf("codeq_task_claimed_total", "LANE"), legend: "claimed" },
          { expr: rateBy("status", "codeq_task_completed_total", "LANE"), legend: "{{status}}" },
        ]),
      ],
    },
    {
      title: "Latency",
      panels: [
        graph("k6: request duration", "p99 over the run so far, by name", "s", [
          { expr: "max by (name) (k6_http_req_duration_p99)", legend: "{{name}}" },
        ]),
        graph("codeq: request duration", "p99, by route", "s", [
          {
            expr: "histogram_quantile(0.99, sum by (route, le) (rate(codeq_http_request_duration_seconds_bucket{SERVER}[$__rate_interval])))",
            legend: "{{route}}",
          },
        ]),
        graph("k6: users", "Virtual users at work", "short", [{ expr: "sum(k6_vus)", legend: "users" }]),
        graph(
          "codeq: queue wait",
          "From creation to the first delivery",
          "s",
          quantiles("codeq_queue_wait_seconds", "LANE"),
        ),
      ],
    },
    {
      title: "Trouble",
      panels: [
        graph(
          "k6: failed and dropped",
          "Share of failed requests; iterations that k6 could not start in time",
          "short",
          [
            { expr: "max(k6_http_req_failed_rate)", legend: "failed (share)" },
            {
              expr: "sum(rate(k6_dropped_iterations_total[$__rate_interval])) or vector(0)",
              legend: "dropped per second",
            },
          ],
        ),
        graph("codeq: backlog", "Grows when workers do not keep up", "short", [
          { expr: "sum by (queue) (codeq_queue_depth{LANE})", legend: "{{queue}}" },
        ]),
        graph("codeq: commits", "p50, p95 and p99", "s", quantiles("codeq_commit_duration_seconds", "SERVER")),
        graph("codeq: processor and event loop", "Cores in use, and how late timers are (p99, seconds)", "short", [
          { expr: 'rate(process_cpu_seconds_total{SERVER, job="codeq"}[$__rate_interval])', legend: "cores" },
          {
            expr: "histogram_quantile(0.99, sum by (le) (rate(codeq_event_loop_delay_seconds_bucket{SERVER}[$__rate_interval])))",
            legend: "delay",
          },
        ]),
      ],
    },
  ],
};

function graph(title: string, description: string, unit: Panel["unit"], queries: Panel["queries"]): Panel {
  return { title, description, kind: "graph", unit, columns: 12, queries };
}
