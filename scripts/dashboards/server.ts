import { type Dashboard, type Panel, quantiles, rateBy, rateOf } from "./dashboard.ts";

export const server: Dashboard = {
  uid: "codeq-server",
  title: "codeq server internals",
  description: "What the process and its disk are busy with.",
  rows: [
    {
      title: "Commits",
      panels: [
        graph("Commits per second", "Each makes one transaction of everything that arrived meanwhile", "ops", [
          { expr: rateOf("codeq_commit_duration_seconds_count", "SERVER"), legend: "commits" },
        ]),
        graph("Changes in one commit", "On average; the busier the server, the more share the price", "short", [
          {
            expr: `${rateOf("codeq_commit_operations_sum", "SERVER")} / ${rateOf("codeq_commit_operations_count", "SERVER")}`,
            legend: "changes",
          },
        ]),
        graph(
          "Commit latency",
          "Every acknowledgement waits for it",
          "s",
          quantiles("codeq_commit_duration_seconds", "SERVER"),
        ),
      ],
    },
    {
      title: "Requests and streams",
      panels: [
        graph("HTTP requests by route", "What clients ask for", "reqps", [
          { expr: rateBy("route", "codeq_http_requests_total", "SERVER"), legend: "{{route}}" },
        ]),
        graph("HTTP latency by route", "p99; long polls wait on purpose", "s", [
          {
            expr: "histogram_quantile(0.99, sum by (route, le) (rate(codeq_http_request_duration_seconds_bucket{SERVER}[$__rate_interval])))",
            legend: "{{route}}",
          },
        ]),
        graph("Waiting requests", "Long polls; they cost memory, nothing else", "short", [
          { expr: "sum by (kind) (codeq_waiters{SERVER})", legend: "for {{kind}}" },
        ]),
        graph("Open streams", "gRPC", "short", [
          { expr: "sum by (direction) (codeq_streams_open{SERVER})", legend: "{{direction}}" },
        ]),
        graph("Ends of streams", "By reason; a client that left or was told to connect again is no trouble", "ops", [
          {
            expr: rateBy("direction, reason", "codeq_streams_ended_total", "SERVER"),
            legend: "{{direction}}, {{reason}}",
          },
        ]),
        graph("On the streams", "Requests without an answer, and Readys that wait for tasks", "short", [
          { expr: "sum by (direction) (codeq_stream_in_flight{SERVER})", legend: "in flight, {{direction}}" },
          {
            expr: 'sum(codeq_stream_readys_waiting{direction="worker", SERVER})',
            legend: "Readys waiting",
          },
        ]),
        graph("Items handled together on streams", "On average", "short", [
          {
            expr: `${rateBy("kind", "codeq_stream_batch_items_sum", "SERVER")} / ${rateBy("kind", "codeq_stream_batch_items_count", "SERVER")}`,
            legend: "{{kind}}",
          },
        ]),
      ],
    },
    {
      title: "Process",
      panels: [
        graph(
          "Event-loop delay",
          "How late timers are: the server's thread is busy",
          "s",
          quantiles("codeq_event_loop_delay_seconds", "SERVER"),
        ),
        graph("Processor", "Cores in use", "short", [
          { expr: 'rate(process_cpu_seconds_total{SERVER, job="codeq"}[$__rate_interval])', legend: "{{instance}}" },
        ]),
        graph("Garbage collections", "Per second, those that were noticed", "ops", [
          { expr: rateBy("instance", "codeq_gc_collections_total", "SERVER"), legend: "{{instance}}" },
        ]),
        graph("Memory", "The heap is what the garbage collector looks after", "bytes", [
          { expr: 'process_resident_memory_bytes{SERVER, job="codeq"}', legend: "resident" },
          { expr: "codeq_heap_size_bytes{SERVER}", legend: "heap" },
          { expr: "codeq_heap_used_bytes{SERVER}", legend: "heap in use" },
        ]),
        graph("Open files", "Connections, and three for each shard", "short", [
          { expr: 'process_open_fds{SERVER, job="codeq"}', legend: "{{instance}}" },
        ]),
        graph("Wall clock", "How far it is ahead of the server's own, which never jumps", "s", [
          { expr: "codeq_clock_offset_seconds{SERVER}", legend: "{{instance}}" },
        ]),
      ],
    },
    {
      title: "Disk",
      panels: [
        graph("Task files", "With their write-ahead logs", "bytes", [
          { expr: "codeq_store_bytes{SERVER}", legend: "{{instance}}" },
        ]),
        graph("Free space", "New tasks are refused below the reserve", "bytes", [
          { expr: "codeq_disk_free_bytes{SERVER}", legend: "free" },
          { expr: "codeq_disk_reserve_bytes{SERVER}", legend: "reserve" },
        ]),
        graph("Storage faults", "1 while a shard takes no writes or the disk is full", "short", [
          { expr: "codeq_store_fault{SERVER}", legend: "fault now" },
          { expr: "codeq_disk_full{SERVER}", legend: "disk full now" },
          { expr: "increase(codeq_store_faults_total{SERVER}[$__rate_interval])", legend: "new faults" },
        ]),
      ],
    },
  ],
};

function graph(title: string, description: string, unit: Panel["unit"], queries: Panel["queries"]): Panel {
  return { title, description, kind: "graph", unit, columns: 8, queries };
}
