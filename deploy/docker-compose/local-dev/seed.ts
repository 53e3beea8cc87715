// Three first tasks for a server that is empty. Their keys make a second run answer with the same three.
const { CODEQ_BASE_URL: url, CODEQ_PRODUCER_TOKEN: token } = process.env;
const READY_SECONDS_MAX = 60;

const tasks = [
  { command: "GENERATE_MASTER", payload: { title: "first" }, idempotencyKey: "seed-gm-1" },
  { command: "GENERATE_MASTER", payload: { title: "second" }, idempotencyKey: "seed-gm-2" },
  { command: "GENERATE_CREATIVE", payload: { title: "third" }, idempotencyKey: "seed-gc-1" },
];

await ready();
for (const task of tasks) {
  const response = await fetch(`${url}/v1/codeq/tasks`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ ...task, priority: 0 }),
  });
  const answer = await response.text();
  if (response.status !== 202) throw new Error(`${task.idempotencyKey}: ${response.status} ${answer}`);
  process.stdout.write(`${task.idempotencyKey}: ${answer}\n`);
}

// Not every compose waits for a healthy service.
async function ready(): Promise<void> {
  for (let second = 0; second < READY_SECONDS_MAX; second += 1) {
    const answered = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answered) return;
    await Bun.sleep(1000);
  }
  throw new Error(`${url} was not ready within ${READY_SECONDS_MAX} seconds`);
}
