import { z } from "zod";
import type { Kind } from "./kinds.ts";

/** Where to listen: `auto` leaves it to the server, `off` nowhere. */
export type Address = "auto" | "off" | { readonly host: string | undefined; readonly port: number };

const HOST_AND_PORT = /^(?:(?<host>[A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\]):)?(?<port>\d{1,5})$/;

/** A port, `host:port`, `:port`, `auto` or `off`. A blank text is `off`, as clients of the wire protocol expect. */
export function address(): Kind<Address> {
  const text = z.string().transform((value, context): Address => {
    const parsed = parseAddress(value.trim());
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: "unreadable" });
    return z.NEVER;
  });
  const port = z
    .int()
    .min(0)
    .max(PORT_MAX)
    .transform((value): Address => ({ host: undefined, port: value }));
  return {
    schema: z.union([port, text]),
    expects: `a port from 0 to ${PORT_MAX}, host:port, auto or off`,
    placeholder: "port",
    show: showAddress,
  };
}

const PORT_MAX = 65_535;

function parseAddress(text: string): Address | undefined {
  const word = text.toLowerCase();
  if (word === "" || word === "off") return "off";
  if (word === "auto") return word;
  const groups = HOST_AND_PORT.exec(text)?.groups;
  const port = Number(groups?.["port"] ?? Number.NaN);
  if (groups === undefined || !(port <= PORT_MAX)) return undefined;
  const host = groups["host"]?.replace(/^\[(.*)\]$/, "$1");
  return { host: host === "" ? undefined : host, port };
}

function showAddress(value: Address): string {
  if (typeof value === "string") return value;
  if (value.host === undefined) return String(value.port);
  return value.host.includes(":") ? `[${value.host}]:${value.port}` : `${value.host}:${value.port}`;
}
