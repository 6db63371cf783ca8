import { notSupported } from "./errors.ts";

/** A proxy through which sandboxes reach the outside. */
export class Proxy {
  readonly proxyId: string;

  /** @internal */
  constructor(proxyId: string) {
    this.proxyId = proxyId;
  }
}

/** Proxies of the namespace. */
export class ProxyService {
  /** Rejects with a `NotSupportedError`: proxies come with the network rules. */
  async fromName(_name: string): Promise<Proxy> {
    throw notSupported("proxies.fromName");
  }
}
