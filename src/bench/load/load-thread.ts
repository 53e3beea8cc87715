import { parentPort } from "node:worker_threads";
import { LoadActors } from "./load-actors.ts";
import type { Answer, Order } from "./load-plan.ts";

/** Entry point of a load thread: does what the main thread orders, and tells when it is done. */

let actors: LoadActors | undefined;

parentPort?.on("message", (order: Order) => {
  obey(order).catch((error: unknown) => fail(error instanceof Error ? (error.stack ?? error.message) : String(error)));
});

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case "connect":
      actors = new LoadActors(order.plan, fail);
      await actors.connect();
      tell({ kind: "connected" });
      break;
    case "produce":
      actors?.produce(order.atUs);
      break;
    case "produce-all":
      actors?.produce(order.atUs);
      await actors?.produced();
      tell({ kind: "produced" });
      break;
    case "work":
      actors?.work();
      break;
    case "stop-producing":
      await actors?.stopProducing(order.withinMs);
      tell({ kind: "produced" });
      break;
    case "finish": {
      const report = await actors?.finish(order.withinMs);
      if (report !== undefined) tell({ kind: "finished", report });
    }
  }
}

function tell(answer: Answer): void {
  parentPort?.postMessage(answer);
}

function fail(reason: string): void {
  tell({ kind: "failed", reason });
}
