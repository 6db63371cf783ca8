import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import type { ConnectionOptions } from "node:tls";
import { KubeConfig } from "@kubernetes/client-node";

/** What proves who we are and who the server is. */
export interface Credentials {
  /** Request headers: `Authorization`, impersonation. */
  headers: Record<string, string>;
  tls: Pick<ConnectionOptions, "ca" | "cert" | "key" | "passphrase" | "rejectUnauthorized" | "servername">;
}

/** How long files with tokens and certificates are trusted to be unchanged. */
const cachedMilliseconds = 60_000;

/**
 * The credentials of one kubeconfig user, read again at most 60 s after the last time, because kubelets rotate tokens and
 * certificates in place. Concurrent callers share one read.
 */
export class CredentialSource {
  readonly #config: KubeConfig;
  readonly #tokenFile: string | undefined;
  #cached: Promise<Credentials> | undefined;
  #readAt = 0;

  constructor(config: KubeConfig) {
    const user = config.getCurrentUser();
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw new Error(`Cannot connect to Kubernetes: the kubeconfig names no current cluster`);
    const tokenFile: unknown = user?.authProvider?.config?.tokenFile;
    this.#tokenFile = typeof tokenFile === "string" ? tokenFile : undefined;
    // Token files are read here, without blocking; the library keeps the rest: certificates, exec plugins, OIDC.
    this.#config = new KubeConfig();
    const { authProvider, ...rest } = user ?? { name: "anonymous" };
    this.#config.loadFromClusterAndUser(
      cluster,
      this.#tokenFile === undefined && authProvider ? { ...rest, authProvider } : rest,
    );
  }

  current(): Promise<Credentials> {
    const fresh = performance.now() - this.#readAt < cachedMilliseconds;
    return this.#cached !== undefined && fresh ? this.#cached : this.#refresh();
  }

  /** Reads again on the next use, after the server refused what we have. */
  forget(): void {
    this.#cached = undefined;
  }

  #refresh(): Promise<Credentials> {
    const reading = this.#read();
    this.#cached = reading;
    this.#readAt = performance.now();
    reading.catch(() => {
      if (this.#cached === reading) this.#cached = undefined;
    });
    return reading;
  }

  async #read(): Promise<Credentials> {
    const options: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const { ca, cert, key, passphrase, rejectUnauthorized, servername, auth } = options;
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value);
    if (auth) headers["authorization"] = `Basic ${Buffer.from(auth).toString("base64")}`;
    if (this.#tokenFile !== undefined) headers["authorization"] = `Bearer ${await readToken(this.#tokenFile)}`;
    const tls = { ca, cert, key, passphrase, rejectUnauthorized, servername };
    return { headers, tls: Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)) };
  }
}

async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (cause) {
    throw new Error(`Cannot read the API server token from ${file}`, { cause });
  }
}
