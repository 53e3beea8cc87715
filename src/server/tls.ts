import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { StartError } from "./start-error.ts";
import { messageOf } from "./start-failures.ts";

export interface TlsFiles {
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
  /** Clients must show a certificate of one of these authorities; any client may connect when undefined. */
  readonly clientCa: string | undefined;
}

/** @throws StartError that names the file that is missing, unreadable or does not fit the other */
export async function readTlsFiles(
  certPath: string,
  keyPath: string,
  clientCaPath: string | undefined,
): Promise<TlsFiles> {
  const [cert, key] = await Promise.all([readPem("tlsCert", certPath), readPem("tlsKey", keyPath)]);
  const certificate = parsed("tlsCert", certPath, "certificate", () => new X509Certificate(cert));
  const privateKey = parsed("tlsKey", keyPath, "private key", () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new StartError("usage", `tlsKey ${keyPath} is not the private key of the certificate in ${certPath}`);
  }
  if (clientCaPath === undefined) return { cert, key, clientCa: undefined };
  const clientCa = await readPem("tlsClientCa", clientCaPath);
  parsed("tlsClientCa", clientCaPath, "certificate", () => new X509Certificate(clientCa));
  return { cert, key, clientCa };
}

async function readPem(setting: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new StartError("usage", `${setting} ${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function parsed<T>(setting: string, path: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new StartError("usage", `${setting} ${path} holds no PEM ${what} that can be read`, { cause: error });
  }
}
