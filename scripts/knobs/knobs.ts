/** A knob: two ways to run one and the same load. */
export interface Knob {
  /** As the page on tuning names it. */
  readonly name: string;
  /** Scenario and flags of `codeq bench` that both sides have. */
  readonly load: readonly string[];
  readonly before: Side;
  readonly after: Side;
  /** Spans are sent to a collector of the script, which takes and forgets them. */
  readonly needsCollector?: boolean;
}

export interface Side {
  /** What is set on this side, for people. */
  readonly label: string;
  readonly flags: readonly string[];
}

/** Where the script puts the address of its collector. */
export const COLLECTOR = "COLLECTOR";

const CYCLE = ["profile-full-cycle"];
const BATCHED_CYCLE = [...CYCLE, "--batch", "32", "--producer-batch", "8"];
const HTTP = ["http-cycle", "--concurrency", "32"];
const TRACED = ["--tracing", "--tracing-endpoint", COLLECTOR];

/** What docs/performance-tuning.md has numbers for. */
export const KNOBS: readonly Knob[] = [
  of("worker batch", [...CYCLE, "--producer-batch", "8"], flag("--batch", "1"), flag("--batch", "32")),
  of("producer batch", [...CYCLE, "--batch", "32"], flag("--producer-batch", "1"), flag("--producer-batch", "8")),
  of("claims of several tasks over HTTP", HTTP, flag("--batch", "1"), flag("--batch", "10")),
  of(
    "stream in place of HTTP, nothing batched",
    [],
    side("HTTP", ...HTTP),
    side("streams", ...CYCLE, "--concurrency", "32"),
  ),
  of("payload size, streams", BATCHED_CYCLE, flag("--payload-bytes", "100"), flag("--payload-bytes", "10000")),
  of("durability, batched streams", BATCHED_CYCLE, flag("--durability", "off"), flag("--durability", "full")),
  of("durability, HTTP", HTTP, flag("--durability", "off"), flag("--durability", "full")),
  of("durability normal, batched streams", BATCHED_CYCLE, flag("--durability", "off"), flag("--durability", "normal")),
  of("shards, batched streams", BATCHED_CYCLE, flag("--shards", "1"), flag("--shards", "4")),
  of(
    "page cache, 1,000,000 tasks of 1 kB waiting",
    ["saturation-worker", "--concurrency", "64", "--batch", "32", "--prefill", "1000000", "--payload-bytes", "1000"],
    server("--cache 4MiB"),
    server("--cache 256MiB"),
  ),
  of("retention, batched streams", BATCHED_CYCLE, server("--retention 1d"), server("--retention 1s")),
  of("log of each request, HTTP", HTTP, server("--log-level info"), server("--log-level debug")),
  tracing("tracing of everything, HTTP", server("--tracing false"), server(TRACED.join(" "))),
  tracing(
    "tracing of 1 %, HTTP",
    server("--tracing false"),
    server([...TRACED, "--tracing-sample-ratio 0.01"].join(" ")),
  ),
  of("tasks in answer to one Ready", BATCHED_CYCLE, server("--assignment-max 4"), server("--assignment-max 1000")),
  of(
    "unacknowledged work of one stream",
    BATCHED_CYCLE,
    server("--stream-in-flight-max 64"),
    server("--stream-in-flight-max 8192"),
  ),
];

function of(name: string, load: readonly string[], before: Side, after: Side): Knob {
  return { name, load, before, after };
}

function tracing(name: string, before: Side, after: Side): Knob {
  return { name, load: HTTP, before, after, needsCollector: true };
}

function side(label: string, ...flags: readonly string[]): Side {
  return { label, flags };
}

function flag(name: string, value: string): Side {
  return side(`\`${name} ${value}\``, name, value);
}

function server(flags: string): Side {
  return side(`\`${flags.replace(` --tracing-endpoint ${COLLECTOR}`, "")}\``, "--server-flags", flags);
}
