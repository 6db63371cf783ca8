import type { Gateway } from "./http/gateway.ts";

/** A proxy through which sandboxes reach the outside, so that they come from its address. */
export class Proxy {
  /** The Kubernetes Secret that says where it is. */
  readonly proxyId: string;

  /** @internal */
  constructor(proxyId: string) {
    this.proxyId = proxyId;
  }
}

/** Proxies of the namespace. */
export class ProxyService {
  readonly #gateway: Pick<Gateway, "run">;

  /** @internal */
  constructor(gateway: Pick<Gateway, "run">) {
    this.#gateway = gateway;
  }

  /**
   * The proxy in a Kubernetes Secret of type `sandkeep.dev/proxy` in the namespace. Rejects with a `NotFoundError` if there is
   * none, or it has no `url`.
   */
  async fromName(name: string, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<Proxy> {
    const query = { requiredKeys: ["url"] };
    await this.#gateway.run({ method: "GET", path: `/secrets/${encodeURIComponent(name)}`, query, signal });
    return new Proxy(name);
  }
}
