/**
 * What an acknowledged change survives, beside the death of the process, which it always does:
 *
 * - `off`: a power cut may take any amount of newest changes, or leave the file damaged. Nothing is ever synced.
 * - `normal`: a power cut may take the newest changes, never damages the file.
 * - `full`: a power cut takes nothing.
 */
export type Durability = "off" | "normal" | "full";

export const DURABILITIES: readonly Durability[] = ["off", "normal", "full"];
