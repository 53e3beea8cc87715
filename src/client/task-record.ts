/** A task as the server keeps it. */
export interface TaskRecord {
  readonly id: string;
  readonly command: string;
  /** Parsed. */
  readonly payload: unknown;
  /** As JSON text, exactly as the producer sent it. */
  readonly payloadText: string;
  readonly status: TaskStatus;
  /** It used up its deliveries: a dead letter, with status FAILED. */
  readonly dead: boolean;
  /** It waits for its time, with status PENDING. */
  readonly delayed: boolean;
  /** 0 to 9. */
  readonly priority: number;
  /** Deliveries so far. */
  readonly attempts: number;
  readonly maxAttempts: number;
  /** Why it failed. */
  readonly error: string | undefined;
  readonly webhook: string | undefined;
  /** W3C trace context of its creation; undefined unless the server traced that. */
  readonly traceParent: string | undefined;
  readonly traceState: string | undefined;
  /** Who holds it, while in progress. */
  readonly workerId: string | undefined;
  /** While in progress; cut to whole seconds. */
  readonly leaseUntil: Date | undefined;
  readonly tenantId: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type TaskStatus = "PENDING" | "IN_PROGRESS" | "COMPLETED" | "FAILED";

/** How a task ended. */
export interface ResultRecord {
  readonly taskId: string;
  readonly status: "COMPLETED" | "FAILED";
  /** As the worker sent it; parsed. */
  readonly result: Readonly<Record<string, unknown>> | undefined;
  readonly error: string | undefined;
  readonly completedAt: Date;
}

/** As in the server's OpenAPI document. */
export interface TaskJson {
  readonly id: string;
  readonly command: string;
  readonly payload: string;
  readonly status: TaskStatus;
  readonly lastKnownLocation: string;
  readonly priority?: number;
  readonly attempts?: number;
  readonly maxAttempts: number;
  readonly error?: string;
  readonly webhook?: string;
  readonly traceParent?: string;
  readonly traceState?: string;
  readonly workerId?: string;
  readonly leaseUntil?: string;
  readonly tenantId: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface ResultJson {
  readonly taskId: string;
  readonly status: "COMPLETED" | "FAILED";
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: string;
  readonly completedAt: string;
}

export function taskRecord(json: TaskJson): TaskRecord {
  const { payload, lastKnownLocation, leaseUntil } = json;
  return {
    id: json.id,
    command: json.command,
    payload: JSON.parse(payload),
    payloadText: payload,
    status: json.status,
    dead: lastKnownLocation === "DLQ_SET",
    delayed: lastKnownLocation === "DELAYED_ZSET",
    priority: json.priority ?? 0,
    attempts: json.attempts ?? 0,
    maxAttempts: json.maxAttempts,
    error: json.error,
    webhook: json.webhook,
    traceParent: json.traceParent,
    traceState: json.traceState,
    workerId: json.workerId,
    leaseUntil: leaseUntil === undefined ? undefined : new Date(leaseUntil),
    tenantId: json.tenantId,
    createdAt: new Date(json.createdAt),
    updatedAt: new Date(json.updatedAt),
  };
}

export function resultRecord({ taskId, status, result, error, completedAt }: ResultJson): ResultRecord {
  return { taskId, status, result, error, completedAt: new Date(completedAt) };
}
