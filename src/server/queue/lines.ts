import { foldCommand, type TaskKey } from "./task.ts";

/**
 * The lines in which requests wait, by name: one for each lane, one for each tenant (those who take any of its lanes), one
 * for each task's result. A tenant has no NUL in its name, so names of different kinds are never mistaken.
 */

/** Mostly it is the one that was asked for before. */
let last = { tenant: "", command: "", lane: "\u0000" };

export function laneOf(tenant: string, command: string): string {
  if (command !== last.command || tenant !== last.tenant) {
    last = { tenant, command, lane: `${tenant}\u0000${foldCommand(command)}` };
  }
  return last.lane;
}

export function tenantOfLane(lane: string): string {
  return lane.slice(0, lane.indexOf("\u0000"));
}

/** @param commands undefined for all of the tenant's */
export function linesOf(tenant: string, commands: readonly string[] | undefined): string[] {
  return commands === undefined ? [tenant] : commands.map((command) => laneOf(tenant, command));
}

export function lineOfResult(key: TaskKey): string {
  return `${key.shard}:${key.sequence}`;
}
