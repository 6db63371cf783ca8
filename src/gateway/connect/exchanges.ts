import { isRevoked } from "../connect-tokens/revocations.ts";
import type { ConnectGrant } from "../connect-tokens/token.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { ChangeHandler } from "../../runtime/reflector.ts";
import { keyOfObject } from "../../runtime/key.ts";
import { isAdmitted } from "../tunnels/admit.ts";

interface Exchange {
  grant: ConnectGrant;
  client: string;
  cut: () => void;
}

/** Requests under way, WebSockets included, which end when their token does. */
export class Exchanges {
  readonly #open = new Map<string, Set<Exchange>>();

  /**
   * Has `cut` called once the token has expired or is revoked, or the sandbox ends or does not admit the client's address any
   * more. Returns what forgets it.
   */
  add(sandbox: Sandbox, { grant, client }: Omit<Exchange, "cut">, cut: () => void): () => void {
    const key = keyOfObject(sandbox);
    const exchange = { grant, client, cut };
    const open = this.#open.get(key) ?? new Set();
    this.#open.set(key, open.add(exchange));
    const expired = setTimeout(cut, grant.expiresAt * 1000 - Date.now());
    return () => {
      clearTimeout(expired);
      open.delete(exchange);
      if (open.size === 0 && this.#open.get(key) === open) this.#open.delete(key);
    };
  }

  /** Cuts what the change of a sandbox allows no longer. */
  readonly onChange: ChangeHandler<Sandbox> = ({ key, object }) => {
    for (const { grant, client, cut } of this.#open.get(key) ?? []) {
      const holds = object?.metadata.uid === grant.sandbox && isAdmitted(object, client) && !isRevoked(object, grant);
      if (!holds) cut();
    }
  };

  /** Cuts all. */
  cut(): void {
    for (const open of this.#open.values()) for (const { cut } of open) cut();
  }
}
