import { mainPoint } from "../report/point-summary.ts";
import type { BenchResult } from "../result.ts";
import { SCENARIOS } from "../scenarios/registry.ts";

/** The command that measures the best point of a result again and captures a profile of the server. */
export function profileCommand(result: BenchResult): string {
  const {
    shards = 1,
    batch,
    producerBatch,
    producers,
    payloadBytes,
    durability,
    ratePerSecond,
    serverFlags,
  } = result.parameters;
  const defaults = SCENARIOS.find(({ name }) => name === result.scenario)?.defaults;
  // A flag that the scenario does not have would be refused, one left at its default would be noise.
  const differing = (flag: string, value: number, usual: number | undefined): string[] =>
    usual === undefined || usual === value ? [] : [`--${flag} ${value}`];
  const concurrency = mainPoint(result)?.concurrency;
  const flags = [
    `--shards ${shards} --durability ${durability} --payload-bytes ${payloadBytes}`,
    ...differing("batch", batch, defaults?.batch),
    ...differing("producer-batch", producerBatch, defaults?.producerBatch),
    ...differing("producers", producers, defaults?.producers),
    ...(ratePerSecond === undefined ? [] : [`--rate ${ratePerSecond}`]),
    ...(serverFlags === undefined ? [] : [`--server-flags '${serverFlags}'`]),
    ...(concurrency === undefined ? [] : [`--concurrency ${concurrency}`]),
  ];
  return `codeq bench ${result.scenario} ${flags.join(" ")} --profile-dir /tmp/codeq-profiles`;
}
