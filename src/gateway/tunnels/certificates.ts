import { constants, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { createSecureContext, type SecureContext } from "node:tls";
import type { Log } from "../../log.ts";
import { type Certificate, followCertificate, readCertificate, selfMade } from "../server/certificate.ts";

interface Entry {
  certificate: Certificate;
  names: X509Certificate;
  context: SecureContext;
}

/** What every TLS connection to a tunnel shares. Sessions are not resumed: a resumed one would be bound to no name. */
export const tlsSettings = { minVersion: "TLSv1.2", secureOptions: constants.SSL_OP_NO_TICKET } as const;

/** The certificates of the tunnels' domains, each used for the names that it has. */
export class Certificates {
  readonly #folders: readonly string[];
  readonly #entries: Entry[];

  private constructor(folders: readonly string[], certificates: Certificate[]) {
    this.#folders = folders;
    this.#entries = certificates.map(entryOf);
  }

  /** Reads `tls.crt` and `tls.key` in each folder; without folders makes one for everything right below `domain`. */
  static async open(folders: readonly string[], domain: string): Promise<Certificates> {
    if (folders.length === 0) return new Certificates([], [await selfMade([`*.${domain}`], new Date())]);
    return new Certificates(folders, await Promise.all(folders.map((folder) => readCertificate(filesIn(folder)))));
  }

  /** The newest certificate for a name; `undefined` when none has it. */
  contextFor(serverName: string): SecureContext | undefined {
    return this.#entries.find(({ names }) => names.checkHost(serverName) !== undefined)?.context;
  }

  /** Takes over what is new in the folders, until aborted. */
  async follow(log: Log, signal: AbortSignal, milliseconds?: number): Promise<void> {
    const follow = async (folder: string, index: number): Promise<void> => {
      const current = this.#entries[index]?.certificate;
      if (current === undefined) return;
      const callbacks = {
        use: (read: Certificate) => {
          this.#entries[index] = entryOf(read);
          log.info({ folder }, "tunnel certificate replaced");
        },
        refuse: (error: unknown) => log.warn({ error, folder }, "tunnel certificate not replaced"),
      };
      await followCertificate(filesIn(folder), current, callbacks, signal, milliseconds);
    };
    await Promise.all(this.#folders.map(follow));
  }
}

function entryOf(certificate: Certificate): Entry {
  const context = createSecureContext({ ...certificate, ...tlsSettings });
  return { certificate, names: new X509Certificate(certificate.cert), context };
}

function filesIn(folder: string): { certificateFile: string; keyFile: string } {
  return { certificateFile: join(folder, "tls.crt"), keyFile: join(folder, "tls.key") };
}
