import { hostOf } from "./address.ts";
import { type Backoff, checkedBackoff } from "./backoff.ts";
import { duration, wholeNumber } from "./bounds.ts";
import { guarded } from "./guarded.ts";
import { machineTiming, type Timing } from "./timing.ts";
import { checkedTls, type TlsOptions, type Trust, trustOf } from "./tls.ts";
import { checkedToken, type Token } from "./token.ts";

/** How to reach a server's gRPC port. */
export interface ConnectionOptions {
  /** `host:port`. Default: the port a local server listens on. */
  readonly address?: string;
  /** A function is asked before each connection, for tokens that expire. */
  readonly token: Token;
  /** `true` trusts the machine's authorities. Default: no TLS. */
  readonly tls?: true | TlsOptions;
  readonly backoff?: Partial<Backoff>;
  /** From the attempt to connect to the server's greeting. Default 10,000. */
  readonly helloMsMax?: number;
  /** The connection is probed after so long a silence; 0 never. Default 30,000. */
  readonly keepAliveMs?: number;
  /** A probe must be answered within this. Default 10,000. */
  readonly keepAliveTimeoutMs?: number;
  /** The largest message taken from the server. Default 64 MiB. */
  readonly receiveBytesMax?: number;
  /** Told each time a connection is lost or cannot be made; another attempt follows by itself. */
  readonly onDisconnect?: (error: Error) => void;
  /** For tests. */
  readonly timing?: Timing;
}

/** Every choice made. */
export interface Connection {
  readonly address: string;
  readonly token: Token;
  readonly trust: Trust;
  readonly backoff: Backoff;
  readonly helloMsMax: number;
  readonly keepAliveMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly receiveBytesMax: number;
  readonly onDisconnect: (error: Error) => void;
  readonly timing: Timing;
}

const DAY_MS = 86_400_000;
const MIB = 1024 * 1024;

/** @throws CodeqError INVALID_ARGUMENT */
export function connectionOf(options: ConnectionOptions, addressDefault: string): Connection {
  const { address = addressDefault, helloMsMax = 10_000, keepAliveMs = 30_000, keepAliveTimeoutMs = 10_000 } = options;
  return {
    address,
    token: checkedToken(options.token),
    trust: trustOf(checkedTls(options.tls), hostOf(address)),
    backoff: checkedBackoff(options.backoff),
    helloMsMax: duration("helloMsMax", helloMsMax, 1),
    keepAliveMs: wholeNumber("keepAliveMs", keepAliveMs, 0, DAY_MS),
    keepAliveTimeoutMs: wholeNumber("keepAliveTimeoutMs", keepAliveTimeoutMs, 1, DAY_MS),
    receiveBytesMax: wholeNumber("receiveBytesMax", options.receiveBytesMax ?? 64 * MIB, 1024, 1024 * MIB),
    onDisconnect: guarded("onDisconnect", options.onDisconnect),
    timing: options.timing ?? machineTiming,
  };
}
