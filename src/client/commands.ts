import { CodeqError } from "./codeq-error.ts";
import {
  describeIssues,
  type InputOf,
  type OutputOf,
  type SchemaResult,
  type StandardSchema,
} from "./standard-schema.ts";

/** What the payloads of each command look like. Producer and worker may share one such object. */
export type CommandSchemas = Readonly<Record<string, StandardSchema>>;

/** What a producer may give as the payload of a command. */
export type PayloadInput<Schemas extends CommandSchemas, Command extends keyof Schemas> = InputOf<Schemas[Command]>;
/** What a worker gets as the payload of a command. */
export type PayloadOutput<Schemas extends CommandSchemas, Command extends keyof Schemas> = OutputOf<Schemas[Command]>;

/** Checks payloads by the schemas of their commands, whose case does not matter. */
export class PayloadChecker {
  readonly #schemas = new Map<string, { readonly command: string; readonly schema: StandardSchema }>();

  /** @throws CodeqError INVALID_ARGUMENT for commands that differ in case only */
  constructor(schemas: CommandSchemas) {
    for (const [command, schema] of Object.entries(schemas)) {
      const known = this.#schemas.get(fold(command));
      if (known !== undefined) {
        throw new CodeqError("INVALID_ARGUMENT", `commands ${known.command} and ${command} are the same`);
      }
      this.#schemas.set(fold(command), { command, schema });
    }
  }

  /** A command as it is spelled in the schemas. */
  spelling(command: string): string {
    return this.#schemas.get(fold(command))?.command ?? command;
  }

  /**
   * @returns what the schema makes of the payload, at once if the schema can
   * @throws CodeqError INVALID_PAYLOAD, also when the returned promise rejects
   */
  check(command: string, payload: unknown): unknown {
    const known = this.#schemas.get(fold(command));
    if (known === undefined) {
      const names = [...this.#schemas.values()].map(({ command: name }) => name).join(", ");
      throw new CodeqError("INVALID_PAYLOAD", `there is no schema for command ${command}, only for ${names}`);
    }
    const fellOver = (error: unknown): never => {
      throw new CodeqError("INVALID_PAYLOAD", `the schema for ${command} fell over: ${String(error)}`, {
        cause: error,
      });
    };
    let result: SchemaResult<unknown> | Promise<SchemaResult<unknown>>;
    try {
      result = known.schema["~standard"].validate(payload);
    } catch (error) {
      return fellOver(error);
    }
    if (result instanceof Promise) return result.then((settled) => valueOf(command, settled), fellOver);
    return valueOf(command, result);
  }
}

function valueOf(command: string, result: SchemaResult<unknown>): unknown {
  if (result.issues === undefined) return result.value;
  throw new CodeqError("INVALID_PAYLOAD", `the payload for ${command} is not valid: ${describeIssues(result.issues)}`);
}

/** As the server compares commands. */
function fold(command: string): string {
  return command.trim().toLowerCase();
}
