import { TaskRows } from "../load/task-rows.ts";
import {
  type StoryEnd,
  type TaskStory,
  taskId,
  taskStory,
  threadReport,
  writeStory,
} from "../load/task-story-fixture.ts";
import type { RunVerdict } from "../result.ts";
import { ServerView, type StoredTask } from "../target/server-view.ts";
import { type JudgeOptions, judgeRun } from "./judge-run.ts";

/**
 * Test-only: the rows of a run, and a server that tells the same story over HTTP. A test makes one of the two tell
 * another one.
 */
export class JudgedRun implements AsyncDisposable {
  readonly rows: TaskRows;
  /** What the server says. */
  readonly queue = { ready: 0, delayed: 0, inProgress: 0, dlq: 0 };
  readonly counters = { created: 0, completed: 0, stored: 0 };
  metrics: string | undefined;
  readonly tasks = new Map<string, StoredTask>();
  readonly results = new Map<string, unknown>();
  readonly #http: Bun.Server<undefined>;

  constructor(tasksMax = 100) {
    this.rows = new TaskRows(TaskRows.bufferFor(tasksMax));
    this.#http = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => this.#answer(new URL(request.url).pathname),
    });
  }

  /** An ordinary task that got so far, for clients and server alike. `change` is what the clients saw otherwise. */
  add(end: StoryEnd, change: Partial<TaskStory> = {}): number {
    const tag = writeStory(this.rows, taskStory(this.rows.size, end, change));
    this.counters.created += 1;
    this.tasks.set(taskId(tag), STORED[end]);
    if (end === "waiting") this.queue.ready += 1;
    if (end === "leased") this.queue.inProgress += 1;
    if (end !== "completed") return tag;
    this.counters.completed += 1;
    this.counters.stored += 1;
    this.results.set(taskId(tag), { ok: true, tag: String(tag).padStart(8, "0") });
    return tag;
  }

  addMany(count: number, end: StoryEnd): void {
    for (let one = 0; one < count; one += 1) this.add(end);
  }

  judge(change: Partial<JudgeOptions> = {}): Promise<RunVerdict> {
    return judgeRun({
      rows: this.rows,
      reports: [threadReport()],
      view: new ServerView({ httpUrl: this.#http.url.href, token: "dev-token", command: COMMAND }),
      command: COMMAND,
      leaseMs: 300_000,
      unfinishedMax: 0,
      createdBefore: 0,
      mustCount: true,
      nowUs: () => 1_000_000_000,
      ...change,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http.stop(true);
  }

  #answer(pathname: string): Response {
    if (pathname === "/metrics") return new Response(this.metrics ?? this.#metricsPage());
    if (pathname === `/v1/codeq/admin/queues/${COMMAND}`) return Response.json(this.queue);
    const [, id = "", result] = /^\/v1\/codeq\/tasks\/([^/]+)(\/result)?$/.exec(pathname) ?? [];
    const found = result === undefined ? this.tasks.get(id) : this.#resultOf(id);
    return found === undefined ? new Response("{}", { status: 404 }) : Response.json(found);
  }

  #resultOf(id: string): unknown {
    return this.results.has(id) ? { result: { result: this.results.get(id) } } : undefined;
  }

  /** Others' commands and tasks that failed are counted beside ours. */
  #metricsPage(): string {
    const { created, completed, stored } = this.counters;
    const ours = `command="${COMMAND}"`;
    return `codeq_task_created_total{${ours}} ${created}
codeq_task_created_total{command="OTHER"} 1000
codeq_task_completed_total{${ours},status="COMPLETED"} ${completed}
codeq_task_completed_total{${ours},status="FAILED"} 1000
codeq_finished_tasks{${ours},status="COMPLETED"} ${stored}
codeq_finished_tasks{${ours},status="FAILED"} 1000
`;
  }
}

const COMMAND = "JUDGED";

/** As the server stores a task that got so far. */
export const STORED: Readonly<Record<StoryEnd, StoredTask>> = {
  waiting: { status: "PENDING", lastKnownLocation: "PENDING_LIST", attempts: 0 },
  leased: { status: "IN_PROGRESS", lastKnownLocation: "INPROG_SET", attempts: 1 },
  completed: { status: "COMPLETED", lastKnownLocation: "NONE", attempts: 1 },
};
