import type { Ready } from "../../../proto/generated/worker.ts";
import { claimableCommands } from "../auth/event-types.ts";
import type { Caller } from "../auth/principal.ts";
import { CodeqError } from "../queue/errors.ts";
import { foldCommand } from "../queue/task.ts";
import type { GrpcLimits } from "./grpc-limits.ts";
import { ReadyLine, type ReadyLineOptions, type Wish } from "./ready-line.ts";

export type ReadysOptions = Omit<ReadyLineOptions, "commands" | "leaseMs" | "claimMax" | "assignmentBytesMax"> & {
  readonly caller: Caller;
  readonly limits: GrpcLimits;
};

/** All Readys of one stream, those that want the same in one line. */
export class Readys {
  readonly #options: ReadysOptions;
  readonly #lines = new Map<string, ReadyLine>();
  /** What the last Ready asked for: the next one mostly wants the same. */
  #last: { readonly commands: readonly string[]; readonly leaseSeconds: number; readonly line: ReadyLine } | undefined;

  constructor(options: ReadysOptions) {
    this.#options = options;
  }

  get waiting(): number {
    let waiting = 0;
    for (const line of this.#lines.values()) waiting += line.waiting;
    return waiting;
  }

  /** Sorts of Ready that are remembered. */
  get lines(): number {
    return this.#lines.size;
  }

  /** @throws CodeqError for a Ready that cannot be served: PERMISSION_DENIED, INVALID_ARGUMENT */
  add(message: Ready): void {
    const asBatch = message.count > 1;
    const wish: Wish = { count: Math.max(message.count, 1), asBatch };
    this.#lineFor(message.commands, Math.max(message.leaseSeconds, 0)).add(wish);
  }

  #lineFor(commands: readonly string[], leaseSeconds: number): ReadyLine {
    const last = this.#last;
    if (last?.leaseSeconds === leaseSeconds && areEqual(last.commands, commands)) return last.line;
    const line = this.#lineOf(this.#commandsOf(commands), leaseSeconds);
    this.#last = { commands, leaseSeconds, line };
    return line;
  }

  #commandsOf(asked: readonly string[]): readonly string[] | undefined {
    const { caller, limits } = this.#options;
    const named = [...new Map(asked.map((command) => [foldCommand(command.trim()), command.trim()])).values()];
    const commands = named.filter((command) => command !== "");
    if (commands.length > limits.claimCommandsMax) {
      const bound = limits.claimCommandsMax;
      throw new CodeqError("INVALID_ARGUMENT", `a Ready of ${commands.length} commands is over the limit of ${bound}`);
    }
    // Blank names are a mistake; taking them for none would hand out every command.
    if (asked.length > 0 && commands.length === 0) throw new CodeqError("INVALID_ARGUMENT", "no commands to claim");
    const claimable = claimableCommands(caller.eventTypes, commands);
    if (!claimable.ok) throw claimable.error;
    return claimable.value;
  }

  #lineOf(commands: readonly string[] | undefined, leaseSeconds: number): ReadyLine {
    const key = JSON.stringify([leaseSeconds, commands?.map(foldCommand).sort()]);
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    this.#forgetIdleLines();
    const { assignmentMax, assignmentBytesMax } = this.#options.limits;
    const leaseMs = leaseSeconds === 0 ? undefined : leaseSeconds * 1000;
    const line = new ReadyLine({ ...this.#options, commands, leaseMs, claimMax: assignmentMax, assignmentBytesMax });
    this.#lines.set(key, line);
    return line;
  }

  /** Clients choose what lines there are. */
  #forgetIdleLines(): void {
    if (this.#lines.size < LINES_KEPT) return;
    for (const [key, line] of this.#lines) if (line.idle) this.#lines.delete(key);
    this.#last = undefined;
  }
}

function areEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}

const LINES_KEPT = 16;
