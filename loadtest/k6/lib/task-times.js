/** Milliseconds by the server's clock at which a task was created, and at which it was handed out. */
export function taskTimes({ createdAt, updatedAt }) {
  return { createdMs: Date.parse(createdAt), claimedMs: Date.parse(updatedAt) };
}

/** Workers of this run neither nack nor abandon, so a second delivery needs the first lease to have ended. */
export function isRedeliveryUnderLease(task, leaseMs) {
  const { createdMs, claimedMs } = taskTimes(task);
  return task.attempts > 1 && claimedMs - createdMs < leaseMs;
}
