/** What the streams tell about what passes through them; metrics listen. Must not throw. */
export interface StreamObserver {
  /** Items of one kind that were handled, or handed out, together. */
  batch(kind: "create" | "result" | "assignment", items: number): void;
}
