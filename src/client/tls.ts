import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { checkServerIdentity, createSecureContext } from "node:tls";
import { type ChannelCredentials, type ChannelOptions, credentials } from "@grpc/grpc-js";
import { CodeqError } from "./codeq-error.ts";

/** PEM texts. */
export interface TlsOptions {
  /** Authorities to trust instead of the machine's. */
  readonly ca?: string;
  /** With `key`: shown to servers that ask for a client certificate. */
  readonly cert?: string;
  readonly key?: string;
}

/** Whom a gRPC connection trusts, and with what it shows itself. */
export interface Trust {
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
}

/** @throws CodeqError INVALID_ARGUMENT for what is no PEM, and for a key and a certificate that do not belong together */
export function checkedTls(tls: true | TlsOptions | undefined): TlsOptions | undefined {
  if (tls === undefined) return undefined;
  const { ca, cert, key } = tls === true ? {} : tls;
  if ((cert === undefined) !== (key === undefined)) {
    throw new CodeqError("INVALID_ARGUMENT", "tls.cert and tls.key need each other");
  }
  checkCertificate("tls.ca", ca);
  checkCertificate("tls.cert", cert);
  const checked = { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert, key }) };
  try {
    createSecureContext(checked);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CodeqError("INVALID_ARGUMENT", `tls is of no use: ${reason}`, { cause: error });
  }
  return checked;
}

/** Not every runtime says of every text that it is none. */
function checkCertificate(name: string, pem: string | undefined): void {
  if (pem === undefined) return;
  try {
    if (new X509Certificate(pem).subject !== undefined) return;
  } catch (error) {
    throw new CodeqError("INVALID_ARGUMENT", `${name} is no certificate in PEM`, { cause: error });
  }
}

/** @param tls checked */
export function trustOf(tls: TlsOptions | undefined, host: string): Trust {
  if (tls === undefined) return { credentials: credentials.createInsecure(), options: {} };
  const [ca, key, cert] = [tls.ca, tls.key, tls.cert].map((pem) => (pem === undefined ? null : Buffer.from(pem)));
  if (isIP(host) === 0) return { credentials: credentials.createSsl(ca, key, cert), options: {} };
  // TLS has no server names that are addresses, and Bun refuses to send one: some name is sent, and the address checked.
  return {
    credentials: credentials.createSsl(ca, key, cert, {
      checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
    }),
    options: { "grpc.ssl_target_name_override": "ip.invalid" },
  };
}
