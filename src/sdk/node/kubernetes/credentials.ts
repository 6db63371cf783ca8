import { readFile } from "node:fs/promises";
import { misconfigured } from "../configuration-error.ts";
import type { Impersonation, Pem } from "../kubeconfig/kubeconfig.ts";
import type { Access } from "../kubeconfig/select.ts";
import { readToken } from "../token-file.ts";
import type { AgentOptions } from "../agent.ts";
import { runExecPlugin, type ExecCredential } from "./exec-plugin.ts";

type Headers = Record<string, string | string[]>;

/** What proves to the API server who we are, and to us who it is. */
export interface Credentials {
  tls: NonNullable<AgentOptions["tls"]>;
  headers: Headers;
  /** The bearer token, and until when it may be used without a look at where it comes from; milliseconds since 1970. */
  bearer: { token: string; expiresAt: number } | undefined;
}

/** How long before its end an exec plugin's answer is no longer used: a request takes its time. */
const spareMilliseconds = 10_000;
const fileMilliseconds = 10_000;

/** The credentials of a kubeconfig's user, read anew each time, because files are replaced; exec plugins run when their answer has expired. */
export class CredentialSource {
  readonly #access: Access;
  #plugin: Promise<ExecCredential> | undefined;

  constructor(access: Access) {
    this.#access = access;
  }

  async current(): Promise<Credentials> {
    const { cluster, user } = this.#access;
    const [given, ca, cert, key] = await Promise.all([
      this.#execCredential(),
      pemOf(cluster.authority),
      pemOf(user.certificate),
      pemOf(user.key),
    ]);
    const tls = {
      ca,
      cert: given?.certificate ?? cert,
      key: given?.key ?? key,
      servername: cluster.serverName,
      rejectUnauthorized: cluster.insecure ? false : undefined,
    };
    const bearer =
      given?.token === undefined ? await this.#ownBearer() : { token: given.token, expiresAt: given.expiresAt };
    return {
      tls: Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)),
      headers: { ...basicHeader(user.basic), ...impersonationHeaders(user.impersonation) },
      bearer,
    };
  }

  /** Runs an exec plugin again on next use, after its token was refused. Tells whether there is one. */
  forget(): boolean {
    this.#plugin = undefined;
    return this.#access.user.exec !== undefined;
  }

  async #ownBearer(): Promise<Credentials["bearer"]> {
    const { token, tokenFile } = this.#access.user;
    if (tokenFile !== undefined) return { token: await readToken(tokenFile), expiresAt: Date.now() + fileMilliseconds };
    return token === undefined ? undefined : { token, expiresAt: Infinity };
  }

  async #execCredential(): Promise<ExecCredential | undefined> {
    const { cluster, server, user } = this.#access;
    if (user.exec === undefined) return undefined;
    if (this.#plugin !== undefined) {
      const running = this.#plugin;
      const known = await running.catch(() => undefined);
      if (known !== undefined && Date.now() < known.expiresAt - spareMilliseconds) return known;
      // Others that waited for the same answer may have begun to ask for the next one.
      if (this.#plugin === running) this.#plugin = undefined;
    }
    this.#plugin ??= runExecPlugin(user.exec, { ...cluster, server });
    return await this.#plugin;
  }
}

async function pemOf({ data, file }: Pem): Promise<string | undefined> {
  if (data !== undefined) return Buffer.from(data, "base64").toString();
  if (file === undefined) return undefined;
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw misconfigured(
      `Cannot read ${file}, which the kubeconfig names: ${cause instanceof Error ? cause.message : ""}`,
      cause,
    );
  }
}

function basicHeader(basic: { username: string; password: string } | undefined): Headers {
  if (basic === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString("base64")}` };
}

function impersonationHeaders(impersonation: Impersonation | undefined): Headers {
  if (impersonation === undefined) return {};
  const { user, uid, groups, extra } = impersonation;
  return {
    "impersonate-user": user,
    ...(uid !== undefined && { "impersonate-uid": uid }),
    ...(groups.length > 0 && { "impersonate-group": groups }),
    ...Object.fromEntries(
      Object.entries(extra).map(([key, values]) => [`impersonate-extra-${encodeURIComponent(key)}`, values]),
    ),
  };
}
