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
  /** One per folder, where it could be read. */
  readonly #entries: (Entry | undefined)[];

  private constructor(folders: readonly string[], entries: (Entry | undefined)[]) {
    this.#folders = folders;
    this.#entries = entries;
  }

  /**
   * Reads `tls.crt` and `tls.key` in each folder; without folders makes one for everything right below `domain`. A folder that
   * cannot be read is told to the log, and does without: the others' domains are not to suffer from it.
   */
  static async open(folders: readonly string[], domain: string, log: Log): Promise<Certificates> {
    if (folders.length === 0) return new Certificates([], [entryOf(await selfMade([`*.${domain}`], new Date()))]);
    const read = async (folder: string): Promise<Entry | undefined> => {
      try {
        return entryOf(await readCertificate(filesIn(folder)));
      } catch (error) {
        log.error({ error, folder }, "tunnel certificate cannot be used");
        return undefined;
      }
    };
    return new Certificates(folders, await Promise.all(folders.map(read)));
  }

  /** The newest certificate for a name; `undefined` when none has it. */
  contextFor(serverName: string): SecureContext | undefined {
    return this.#entries.find((entry) => entry?.names.checkHost(serverName) !== undefined)?.context;
  }

  /** Takes over what is new in the folders, until aborted. */
  async follow(log: Log, signal: AbortSignal, milliseconds?: number): Promise<void> {
    const follow = async (folder: string, index: number): Promise<void> => {
      const current = this.#entries[index]?.certificate;
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
