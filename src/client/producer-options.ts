import { duration, wholeNumber } from "./bounds.ts";
import type { CommandSchemas } from "./commands.ts";
import type { ConnectionOptions } from "./connection-options.ts";

export interface ProducerOptions<Schemas extends CommandSchemas = CommandSchemas> extends ConnectionOptions {
  /** What the payloads of each command look like; other commands are refused. Default: any command, any payload. */
  readonly schemas?: Schemas;
  /** Tasks in one message. Default 1000; a server takes 10,000 unless told otherwise. */
  readonly batchMax?: number;
  /** Size of one message, and so of one task. Default 3 MiB; a server takes 4 MiB unless told otherwise. */
  readonly batchBytesMax?: number;
  /**
   * How long a task may wait for others to share its message. Default 0: what comes up in one turn of the event loop, and
   * while the connection is busy, shares a message anyway.
   */
  readonly lingerMs?: number;
  /** Tasks that wait for their acknowledgement. Default 65,536. Beyond it `create` rejects with `BUFFER_FULL`. */
  readonly pendingMax?: number;
  /** Their size. Default 64 MiB. */
  readonly pendingBytesMax?: number;
  /**
   * Gives tasks without an idempotency key a random one, which makes it safe to repeat them when a connection breaks.
   * Default true. Without it such creates reject with `OUTCOME_UNKNOWN` when their answer is lost.
   */
  readonly automaticKeys?: boolean;
  /** How often a create is sent before it rejects with `OUTCOME_UNKNOWN`. Default 10. */
  readonly sendsMax?: number;
  /**
   * Creates reject when there was no connection for so long: `UNREACHABLE` if they were never sent, else
   * `OUTCOME_UNKNOWN`. Default 60,000; may be `Infinity`.
   */
  readonly unreachableMsMax?: number;
}

export interface ProducerLimits {
  readonly batchMax: number;
  readonly batchBytesMax: number;
  readonly lingerMs: number;
  readonly pendingMax: number;
  readonly pendingBytesMax: number;
  readonly automaticKeys: boolean;
  readonly sendsMax: number;
  readonly unreachableMsMax: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** @throws CodeqError INVALID_ARGUMENT */
export function producerLimits(options: ProducerOptions): ProducerLimits {
  return {
    batchMax: wholeNumber("batchMax", options.batchMax ?? 1000, 1, 1_000_000),
    batchBytesMax: wholeNumber("batchBytesMax", options.batchBytesMax ?? 3 * MIB, KIB, 256 * MIB),
    lingerMs: wholeNumber("lingerMs", options.lingerMs ?? 0, 0, 60_000),
    pendingMax: wholeNumber("pendingMax", options.pendingMax ?? 65_536, 1, 10_000_000),
    pendingBytesMax: wholeNumber("pendingBytesMax", options.pendingBytesMax ?? 64 * MIB, KIB, 4096 * MIB),
    automaticKeys: options.automaticKeys ?? true,
    sendsMax: wholeNumber("sendsMax", options.sendsMax ?? 10, 1, 1000),
    unreachableMsMax: duration("unreachableMsMax", options.unreachableMsMax ?? 60_000, 1),
  };
}
