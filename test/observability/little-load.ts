import { Producer, Worker } from "../../src/client/public.ts";

const TOKEN = "dev-token";

export interface LoadTarget {
  readonly url: string;
  readonly grpcPort: number;
}

/** A little of everything a server can be asked, over and over: work that is done, fails, is delayed, dies, is refused. */
export async function loadUntil({ url, grpcPort }: LoadTarget, signal: AbortSignal): Promise<void> {
  const stream = { address: `127.0.0.1:${grpcPort}`, token: TOKEN };
  await using producer = new Producer(stream);
  await using worker = new Worker({ ...stream, commands: ["STREAM"], handler: async () => ({ done: true }) });
  const working = worker.run();
  const waiting = longPolls(url, signal);
  while (!signal.aborted) {
    // One that comes and goes.
    await using visitor = new Producer(stream);
    await visitor.create({ command: "STREAM", payload: {} });
    await producer.createMany(Array.from({ length: 5 }, () => ({ command: "STREAM", payload: {} })));
    await roundOverHttp(url);
  }
  await worker.close();
  await Promise.all([working, waiting]);
}

async function roundOverHttp(url: string): Promise<void> {
  await post(url, "/tasks/batch", {
    tasks: [
      { command: "SEND", payload: 1 },
      { command: "SEND", payload: 2 },
      { command: "SEND", payload: 3, delaySeconds: 3600 },
      { command: "SEND", payload: 4 },
      { command: "LOST", payload: 5 },
      { command: "BAD", payload: 6, maxAttempts: 1 },
    ],
  });
  const done = await claim(url, "SEND");
  await post(url, `/tasks/${done}/result`, { status: "COMPLETED", result: {} });
  const failed = await claim(url, "SEND");
  await post(url, `/tasks/${failed}/result`, { status: "FAILED", error: "on purpose" });
  // Nobody hands in a result: the lease ends.
  await claim(url, "LOST");
  await post(url, `/tasks/${await claim(url, "BAD")}/nack`, {});
  // Over its rate limit.
  await post(url, "/admin/tasks/cleanup", {});
}

/** Keeps a claim waiting for what never comes. */
async function longPolls(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await post(url, "/tasks/claim", { commands: ["NEVER"], waitSeconds: 30 }, signal).catch(() => undefined);
  }
}

/** @returns the id of a task, leased for a second */
async function claim(url: string, command: string): Promise<string> {
  const response = await post(url, "/tasks/claim", { commands: [command], leaseSeconds: 1 });
  const task = (await response.json()) as { readonly id: string };
  return task.id;
}

async function post(url: string, path: string, body: object, signal?: AbortSignal): Promise<Response> {
  return fetch(`${url}/v1/codeq${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
}
