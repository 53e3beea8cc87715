/** What the server knows about itself. */
export interface HealthReport {
  /** May work be sent here? */
  readonly ready: boolean;
  /** Why not; empty when ready. */
  readonly reasons: readonly string[];
  readonly creates: "accepted" | "refused: disk full";
  readonly durability: "off" | "normal" | "full";
  readonly version: string;
  /** Of the source it was built from. */
  readonly commit: string;
}
