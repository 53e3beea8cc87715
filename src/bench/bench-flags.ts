import { availableParallelism } from "node:os";
import { type Command, InvalidArgumentError, Option } from "commander";
import { PAYLOAD_BYTES_MIN } from "./load/task-payload.ts";
import type { Parameters } from "./result.ts";
import type { Scenario } from "./scenarios/scenario.ts";

/** As given on the command line, or by default. */
export interface BenchFlags {
  readonly shards: number;
  readonly batch?: number;
  readonly producerBatch?: number;
  readonly concurrency: readonly number[];
  readonly producers?: number;
  readonly duration: number;
  readonly warmup: number;
  readonly payloadBytes: number;
  readonly durability: "off" | "normal" | "full";
  readonly rate?: number;
  readonly repeat: number;
  readonly seed: number;
  readonly threads: number;
  readonly prefill?: number;
  readonly serverFlags: readonly string[];
  readonly target?: string;
  readonly token: string;
  readonly dataDir?: string;
  readonly quiet: boolean;
}

/** Gives a scenario's command its flags; those that mean nothing to it are left out. */
export function addBenchFlags(command: Command, { defaults }: Scenario): Command {
  const flag = (option: Option, fallback: unknown, shown?: string): void =>
    void command.addOption(option.default(fallback, shown));
  const count = (flags: string, help: string, max: number, min = 1): Option =>
    new Option(flags, help).argParser(wholeNumber(min, max));
  flag(withEnv(count("--shards <n>", "files the server spreads tasks over", 64), "PHASE8_SHARDS"), 1);
  if (defaults.batch !== undefined) {
    flag(withEnv(count("--batch <n>", "tasks a worker asks for at a time", 1000), "PHASE6_BATCH"), defaults.batch);
  }
  if (defaults.producerBatch !== undefined) {
    const help = "tasks in one message of a producer";
    flag(withEnv(count("--producer-batch <n>", help, 1000), "PHASE6_PROD_BATCH"), defaults.producerBatch);
  }
  const slots = new Option("--concurrency <n,…>", "slots that work at a time; several make a sweep");
  flag(slots.argParser(wholeNumbers), defaults.concurrency, defaults.concurrency.join(","));
  if (defaults.producers !== undefined) {
    flag(count("--producers <n>", "slots that create at a time", SLOTS_MAX), defaults.producers);
  }
  if (defaults.prefill !== undefined) {
    flag(
      count("--prefill <n>", "tasks that wait when the load begins; 0 is as many as it takes", PREFILL_MAX, 0),
      defaults.prefill,
    );
  }
  const time = (flags: string, help: string, min: number, fallbackMs: number): void =>
    flag(new Option(flags, help).argParser(seconds(min)), fallbackMs, String(fallbackMs / 1000));
  time("--duration <seconds>", "how long to measure", 0.05, defaults.durationMs);
  time("--warmup <seconds>", "how long to run before", 0, defaults.warmupMs);
  flag(count("--payload-bytes <n>", "size of each payload", 1_000_000, PAYLOAD_BYTES_MIN), PAYLOAD_BYTES_MIN);
  flag(new Option("--durability <level>", "what an ack survives").choices(["off", "normal", "full"]), "off");
  if (defaults.openModel) {
    const help = "creates per second, whatever the server does (open model); without it each slot waits for its answer";
    command.addOption(new Option("--rate <n>", help).argParser(rate));
  }
  flag(count("--repeat <n>", "runs of each point, each on a fresh server", 100), 1);
  flag(count("--seed <n>", "decides the order of points and which tasks are delayed", 0xffff_ffff, 0), 1);
  flag(count("--threads <n>", "load threads", 64), Math.max(1, Math.min(4, availableParallelism() >> 1)));
  const more = "more flags of `codeq serve` for the measured server, such as '--cache 256MiB'";
  const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");
  flag(new Option("--server-flags <flags>", more).argParser(words).conflicts("target"), [], "none");
  command.option("--target <url,…>", "measure a running server: its HTTP, producer and worker URLs");
  flag(withEnv(new Option("--token <token>", "for the target"), "CODEQ_BENCH_TOKEN"), "dev-token");
  command.option("--data-dir <path>", "where data directories are made; a place on a real disk by default");
  flag(new Option("-q, --quiet", "print the report only"), false);
  return command;
}

/** The parameters of a run, as the result will tell them. */
export function parametersOf(flags: BenchFlags): Parameters {
  return {
    shards: flags.shards,
    batch: flags.batch ?? 1,
    producerBatch: flags.producerBatch ?? 1,
    concurrency: flags.concurrency,
    producers: flags.producers ?? 0,
    durationMs: flags.duration,
    warmupMs: flags.warmup,
    payloadBytes: flags.payloadBytes,
    durability: flags.durability,
    ratePerSecond: flags.rate,
    repeat: flags.repeat,
    seed: flags.seed,
    threads: flags.threads,
    prefill: flags.prefill ?? 0,
    serverFlags: flags.serverFlags.length === 0 ? undefined : flags.serverFlags.join(" "),
    target: flags.target,
  };
}

/** A variable that is empty is not set, as everywhere in codeq. */
function withEnv(option: Option, name: string): Option {
  return process.env[name]?.trim() === "" ? option : option.env(name);
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isInteger(value) || value < min || value > max) {
      throw new InvalidArgumentError(`It is a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

function wholeNumbers(text: string): readonly number[] {
  const values = [...new Set(text.split(",").map(wholeNumber(1, SLOTS_MAX)))];
  if (values.length > POINTS_MAX) throw new InvalidArgumentError(`At most ${POINTS_MAX} steps.`);
  return values;
}

/** @returns milliseconds */
function seconds(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text.replace(/s$/, ""));
    if (text.trim() === "" || Number.isNaN(value) || value < min || value > SECONDS_MAX) {
      throw new InvalidArgumentError(`It is a number of seconds from ${min} to ${SECONDS_MAX}.`);
    }
    return value * 1000;
  };
}

function rate(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= RATE_MAX)) {
    throw new InvalidArgumentError(`It is a number per second, more than 0 and up to ${RATE_MAX}.`);
  }
  return value;
}

const SLOTS_MAX = 4096;
const POINTS_MAX = 64;
const PREFILL_MAX = 10_000_000;
const SECONDS_MAX = 3600;
const RATE_MAX = 1_000_000;
