// A program for Node 20: a task's life over streams and REST, told in one line of JSON.
import { Client, nack, Producer, Worker } from "codeq/client";

const [url, producerAddress, workerAddress, pem] = process.argv.slice(2);
const tls = pem === undefined ? {} : { tls: JSON.parse(pem) };
const token = "dev-token";

const producer = new Producer({ address: producerAddress, token, ...tls });
const client = new Client({ url, token, ...tls });
const settled = [];
let done;
const finished = new Promise((resolve) => {
  done = resolve;
});
const worker = new Worker({
  address: workerAddress,
  token,
  ...tls,
  commands: ["NODE"],
  handler: async (task) => (task.attempts === 1 ? nack({ delaySeconds: 0 }) : { doubled: task.payload.n * 2 }),
  onSettled: (end) => {
    settled.push(`${end.verdict} ${end.outcome}`);
    if (end.verdict === "completed") done();
  },
});
const working = worker.run();
const { id } = await producer.create({ command: "NODE", payload: { n: 21 } });
await finished;
const found = await client.getResult(id);
await worker.close();
await working;
await producer.close();
process.stdout.write(JSON.stringify({ node: process.version, settled, result: found.result.result }));
