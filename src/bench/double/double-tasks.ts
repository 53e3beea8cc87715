/** What the double gets wrong, once: with the task of this number, counted from 0. */
export interface Fault {
  readonly kind:
    | "loses-a-task"
    | "delivers-twice"
    | "refuses-a-result"
    | "loses-a-result"
    | "ignores-a-result"
    | "stores-another-result"
    | "changes-a-payload"
    | "flips-a-bit";
  readonly at: number;
}

interface DoubleTask {
  readonly id: string;
  readonly payload: Buffer;
  attempts: number;
  state: "ready" | "leased" | "completed";
  result: string;
}

/** The tasks of the double, and what its HTTP port says of them. */
export class DoubleTasks {
  readonly #fault: Fault | undefined;
  readonly #byId = new Map<string, DoubleTask>();
  readonly #idle = new Set<() => void>();
  #ready: DoubleTask[] = [];
  #next = 0;
  #created = 0;
  #finished = 0;

  constructor(fault: Fault | undefined) {
    this.#fault = fault;
  }

  create(payload: Buffer): string {
    const number = this.#created;
    this.#created += 1;
    const id = `01900000-0000-7000-8000-${number.toString(16).padStart(12, "0")}`;
    if (this.#hits("loses-a-task", number)) return id;
    const changed = this.#hits("changes-a-payload", number) ? Buffer.concat([payload, Buffer.from(" ")]) : payload;
    if (this.#hits("flips-a-bit", number)) changed[changed.length - 2] = (changed.at(-2) ?? 0) ^ 1;
    const task: DoubleTask = { id, payload: changed, attempts: 0, state: "ready", result: "" };
    this.#byId.set(id, task);
    this.#ready.push(task);
    if (this.#hits("delivers-twice", number)) this.#ready.push(task);
    return id;
  }

  claim(count: number): readonly DoubleTask[] {
    const claimed = this.#ready.slice(this.#next, this.#next + count);
    this.#next += claimed.length;
    // What was handed out is cut off now and then, not each time.
    if (this.#next > 65_536) {
      this.#ready = this.#ready.slice(this.#next);
      this.#next = 0;
    }
    for (const task of claimed) {
      task.attempts += 1;
      task.state = "leased";
    }
    return claimed;
  }

  /** @returns whether the result is accepted; undefined when it gets no answer */
  finish(id: string, result: string): boolean | undefined {
    const task = this.#byId.get(id);
    if (task === undefined || task.state !== "leased") return false;
    const number = this.#finished;
    this.#finished += 1;
    if (this.#hits("refuses-a-result", number)) return false;
    if (this.#hits("loses-a-result", number)) return true;
    if (this.#hits("ignores-a-result", number)) return undefined;
    task.state = "completed";
    task.result = this.#hits("stores-another-result", number) ? '{"ok":true}' : result;
    return true;
  }

  /** @param deal is called when there may be tasks to claim */
  join(deal: () => void): () => void {
    this.#idle.add(deal);
    return () => this.#idle.delete(deal);
  }

  wake(): void {
    for (const deal of this.#idle) deal();
  }

  /** What the HTTP port answers. */
  answer({ pathname }: URL): Response {
    if (pathname === "/version") return Response.json({ version: "double", commit: "none" });
    if (pathname === "/healthz") return Response.json({ durability: "off" });
    if (pathname === "/metrics") return new Response("");
    if (pathname.startsWith("/v1/codeq/admin/queues/")) {
      const count = (state: DoubleTask["state"]): number =>
        this.#byId
          .values()
          .filter((one) => one.state === state)
          .toArray().length;
      return Response.json({ ready: count("ready"), delayed: 0, inProgress: count("leased"), dlq: 0 });
    }
    const [, id = "", wantsResult] = /^\/v1\/codeq\/tasks\/([^/]+)(\/result)?$/.exec(pathname) ?? [];
    const task = this.#byId.get(id);
    if (task === undefined) return new Response("{}", { status: 404 });
    if (wantsResult === undefined) return Response.json({ id, attempts: task.attempts, ...PLACES[task.state] });
    return new Response(`{"result":{"result":${task.result === "" ? "null" : task.result}}}`);
  }

  #hits(kind: Fault["kind"], number: number): boolean {
    return this.#fault?.kind === kind && this.#fault.at === number;
  }
}

const PLACES = {
  ready: { status: "PENDING", lastKnownLocation: "PENDING_LIST" },
  leased: { status: "IN_PROGRESS", lastKnownLocation: "INPROG_SET" },
  completed: { status: "COMPLETED", lastKnownLocation: "NONE" },
} as const;
