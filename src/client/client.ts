export interface TaskRecord {
  readonly status: "PENDING" | "IN_PROGRESS" | "COMPLETED" | "FAILED";
  readonly attempts: number;
  readonly dead: boolean;
}
export interface Client {
  getTask(id: string): Promise<TaskRecord | undefined>;
}
