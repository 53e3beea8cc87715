import { CodeqError } from "./codeq-error.ts";

const PORT_MAX = 65_535;

/** @throws CodeqError INVALID_ARGUMENT unless it is `host:port`, an IPv6 address in brackets. @returns the host without */
export function hostOf(address: string): string {
  const parts = /^(?:\[(?<ip>[0-9a-f:.]+(?:%\w+)?)\]|(?<name>[^\s:/[\]]+)):(?<port>\d{1,5})$/i.exec(address)?.groups;
  const port = Number(parts?.["port"]);
  const host = parts?.["ip"] ?? parts?.["name"];
  if (host !== undefined && port >= 1 && port <= PORT_MAX) return host;
  throw new CodeqError(
    "INVALID_ARGUMENT",
    `address is ${address}: it must be host:port, with a port from 1 to ${PORT_MAX}`,
  );
}
