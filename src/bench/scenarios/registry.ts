import { profileFullCycle } from "./profile-full-cycle.ts";
import type { Scenario } from "./scenario.ts";

/** Every scenario, in the order of `codeq bench list`. */
export const SCENARIOS: readonly Scenario[] = [profileFullCycle];
