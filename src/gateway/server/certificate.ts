import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { generate } from "selfsigned";
import { sleep } from "../../lib/sleep.ts";

/** A certificate chain and its key, PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

const day = 86_400_000;

/** A self-signed certificate for host names and addresses, ECDSA P-256, valid for a year. */
export async function selfMade(names: readonly string[], now: Date): Promise<Certificate> {
  const { cert, private: key } = await generate([{ name: "commonName", value: "sandkeep-gateway" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(now.getTime() - day),
    notAfterDate: new Date(now.getTime() + 365 * day),
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: names.map((name) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })),
      },
    ],
  });
  return { cert, key };
}

/** Reads a given certificate; throws an error that names the file unless the two belong together. */
export async function readCertificate(files: { certificateFile: string; keyFile: string }): Promise<Certificate> {
  const { certificateFile, keyFile } = files;
  const [cert, key] = await Promise.all([readFile(certificateFile, "utf8"), readFile(keyFile, "utf8")]);
  let matching: boolean;
  try {
    matching = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw new Error(`Cannot use the certificate "${certificateFile}" with the key "${keyFile}": ${String(cause)}`, {
      cause,
    });
  }
  if (!matching)
    throw new Error(`Cannot use the certificate "${certificateFile}": the key "${keyFile}" is of another one`);
  return { cert, key };
}

/**
 * Looks at the files every `milliseconds` and calls `use` with each new content, until aborted. Looking at contents
 * works with the symbolic links by which Kubernetes swaps mounted Secrets. A missing, broken or half-written pair goes to
 * `refuse`, and the old one stays in use.
 */
export async function followCertificate(
  files: { certificateFile: string; keyFile: string },
  current: Certificate | undefined,
  callbacks: { use: (certificate: Certificate) => void; refuse: (error: unknown) => void },
  signal: AbortSignal,
  milliseconds = 10_000,
): Promise<void> {
  let known = current;
  while (!signal.aborted) {
    await sleep(milliseconds, signal).catch(() => {});
    if (signal.aborted) return;
    try {
      const read = await readCertificate(files);
      if (read.cert === known?.cert && read.key === known.key) continue;
      callbacks.use(read);
      known = read;
    } catch (error) {
      callbacks.refuse(error);
    }
  }
}
