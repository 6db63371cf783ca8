import { isRevoked } from "../connect-tokens/revocations.ts";
import type { ConnectGrant } from "../connect-tokens/token.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { ChangeHandler } from "../../runtime/reflector.ts";
import { keyOfObject } from "../../runtime/key.ts";
import { isOver } from "../sandboxes/life.ts";

interface Exchange {
  grant: ConnectGrant;
  cut: () => void;
}

/** Requests under way, WebSockets included, which end when their token does. */
export class Exchanges {
  readonly #open = new Map<string, Set<Exchange>>();

  /** Has `cut` called once the token has expired or is revoked, or the sandbox ends. Returns what forgets it. */
  add(sandbox: Sandbox, grant: ConnectGrant, cut: () => void): () => void {
    const key = keyOfObject(sandbox);
    const exchange = { grant, cut };
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
    for (const { grant, cut } of this.#open.get(key) ?? []) {
      const holds = object?.metadata.uid === grant.sandbox && !isOver(object) && !isRevoked(object, grant);
      if (!holds) cut();
    }
  };

  /** Cuts all. */
  cut(): void {
    for (const open of this.#open.values()) for (const { cut } of open) cut();
  }
}
