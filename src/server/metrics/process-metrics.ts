import { readdirSync } from "node:fs";
import type { Family } from "./family.ts";

/** The process as the operating system sees it. The library's own set reports numbers that mean nothing under Bun. */
export function processFamilies(startedMs: number): Family[] {
  return [
    single("process_cpu_seconds_total", "Processor time used", "counter", () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    }),
    single("process_resident_memory_bytes", "Memory in use", "gauge", () => process.memoryUsage.rss()),
    single("process_start_time_seconds", "When the process started, since the epoch", "gauge", () => startedMs / 1000),
    {
      name: "process_open_fds",
      help: "Open files and sockets",
      type: "gauge",
      collect: () => openFiles().map((value) => ({ labels: {}, value })),
    },
  ];
}

export function single(name: string, help: string, type: "counter" | "gauge", value: () => number): Family {
  return { name, help, type, collect: () => [{ labels: {}, value: value() }] };
}

/** None where there is no /proc. */
function openFiles(): number[] {
  try {
    return [readdirSync("/proc/self/fd").length];
  } catch {
    return [];
  }
}
