import type { Gateway } from "./http/gateway.ts";
import { checkedEnv, type Env } from "./env.ts";

/** Variables that are secret: those of a Kubernetes Secret, or values of the program's own. */
export class Secret {
  /** The Kubernetes Secret; undefined for values of the program's own. */
  readonly name: string | undefined;
  /** @internal */
  readonly values: Readonly<Record<string, string>> | undefined;

  /** @internal */
  constructor(parts: { name: string } | { values: Record<string, string> }) {
    this.name = "name" in parts ? parts.name : undefined;
    this.values = "values" in parts ? parts.values : undefined;
  }
}

/** As a parameter, a secret or the promise of one. */
export type SecretParam = Secret | Promise<Secret>;

export interface SecretFromNameParams {
  /** Keys that it must have. */
  requiredKeys?: readonly string[];
  signal?: AbortSignal | undefined;
}

/** Secrets that sandboxes and processes are given. */
export class SecretService {
  readonly #gateway: Gateway;

  /** @internal */
  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** A Kubernetes Secret in the namespace. Rejects with a `NotFoundError` if there is none, or a required key is missing. */
  async fromName(name: string, { requiredKeys = [], signal }: SecretFromNameParams = {}): Promise<Secret> {
    const query = { requiredKeys };
    await this.#gateway.run({ method: "GET", path: `/secrets/${encodeURIComponent(name)}`, query, signal });
    return new Secret({ name });
  }

  /**
   * Values of the program's own. A process gets them and nothing stores them; for a sandbox they are in a Kubernetes Secret that
   * goes with it.
   */
  async fromObject(entries: Env): Promise<Secret> {
    return new Secret({ values: checkedEnv(entries) });
  }
}

/** @internal Secrets as the gateway takes them. Of each kind later ones win over earlier ones, and values over Kubernetes Secrets. */
export async function secretsFor(secrets: readonly SecretParam[] = []): Promise<{
  names: string[];
  values: Record<string, string>;
}> {
  const given = await Promise.all(secrets.map(async (secret) => await secret));
  return {
    names: given.flatMap(({ name }) => name ?? []),
    values: Object.assign({}, ...given.map(({ values }) => values ?? {})) as Record<string, string>,
  };
}
