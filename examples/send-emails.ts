/**
 * Creates ten tasks, as a program would that has e-mails to send.
 *
 *     codeq serve
 *     bun examples/send-emails.ts
 */
import process, { env } from "node:process";
import { Producer } from "codeq/client";
import { commands } from "./email-commands.ts";

await using producer = new Producer({
  address: env["CODEQ_PRODUCER"] ?? "127.0.0.1:9092",
  token: env["CODEQ_TOKEN"] ?? "dev-token",
  schemas: commands,
  unreachableMsMax: 5000,
  onDisconnect: ({ message }) => void process.stderr.write(`no connection: ${message}\n`),
});

const names = ["ann", "ben", "cid", "dot", "eve", "fay", "gus", "hal", "ivy", "jon"];
const outcomes = await producer.createMany(
  names.map((name) => ({
    command: "EMAIL",
    payload: { to: `${name}@example.com`, subject: `Hello, ${name}` },
    // Running this twice on a day sends nobody a second e-mail.
    idempotencyKey: `hello-${name}-${new Date().toISOString().slice(0, 10)}`,
  })),
);

for (const [index, outcome] of outcomes.entries()) {
  if (!outcome.ok) process.exitCode = 1;
  const told = outcome.ok ? `task ${outcome.id}${outcome.replayed ? " was there already" : ""}` : outcome.error.message;
  process.stdout.write(`${names[index]}: ${told}\n`);
}
