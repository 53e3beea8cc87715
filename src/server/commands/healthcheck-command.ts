import { Command } from "commander";
import { isLoopback } from "../config/auth-choice.ts";
import { loadConfig } from "../config.ts";
import { EXIT_CODES } from "../start-error.ts";
import { messageOf } from "../start-failures.ts";
import type { CommandIo } from "./command-io.ts";

const TIMEOUT_MS = 3000;

/** `codeq healthcheck`: for containers without curl. */
export function healthcheckCommand(io: CommandIo): Command {
  const command = new Command("healthcheck").description("exit 0 when the server is ready for work, else 1");
  command.option("--url <url>", "the server; from the same variables and file as `codeq serve` when missing");
  return command.action(async (options: { readonly url?: string }) => {
    const server = options.url ?? (await configuredUrl(io));
    try {
      const url = new URL("/readyz", server);
      // Asking oneself proves nothing about names: a certificate for the public name is right.
      const tls = { rejectUnauthorized: !isLoopback(url.hostname) };
      const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), tls });
      io.print(`${url.href}: ${response.status} ${(await response.text()).trim()}\n`);
      if (!response.ok) io.setExitCode(EXIT_CODES.failed.code);
    } catch (error) {
      io.warn(`${server}: ${messageOf(error)}\n`);
      io.setExitCode(EXIT_CODES.failed.code);
    }
  });
}

async function configuredUrl({ env }: CommandIo): Promise<string> {
  const { config } = await loadConfig({ flags: new Map(), env });
  const scheme = config.tlsCert === undefined ? "http" : "https";
  const everywhere = config.host === "0.0.0.0" || config.host === "::";
  const host = everywhere ? "127.0.0.1" : config.host;
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${config.port}`;
}
