import { SandkeepError } from "../../api/errors.ts";
import { claimantOf, NAME_CLAIMS } from "../../api/name-claim.ts";
import { SANDBOX, type Sandbox } from "../../api/sandbox.ts";
import { isNotFound } from "../../kube/api-error.ts";
import type { Kube } from "../../kube/client.ts";
import { LEASE } from "../../kube/objects.ts";
import { orAborted } from "../../lib/or-aborted.ts";
import { keyOf } from "../../runtime/key.ts";
import type { Reflector } from "../../runtime/reflector.ts";
import { isFinished } from "./life.ts";
import { contendersFor, type NameInApp } from "./named.ts";

/** Where sandboxes come from. */
export type SandboxSource = Pick<Reflector<Sandbox, "namespace">, "store" | "subscribe" | "learn">;

export interface SandboxName {
  namespace: string;
  name: string;
}

/** How often a sandbox that the store does not have, or not yet, is asked for while someone waits for it. */
const absentMilliseconds = 2_000;

/**
 * Sandboxes as they are now. Reads come from the store; where it may lag behind what a client has just done, the API
 * server is asked.
 */
export class SandboxDirectory {
  readonly #source: SandboxSource;
  readonly #kube: Kube;
  readonly #waiting = new Map<string, Set<() => void>>();

  /** To be made before the source begins to fill. */
  constructor(source: SandboxSource, kube: Kube) {
    this.#source = source;
    this.#kube = kube;
    source.subscribe(({ key }) => this.#wake(key));
  }

  /** Has those who wait for the sandbox look again: something that they wait for has changed elsewhere. */
  wake(name: SandboxName): void {
    this.#wake(keyOf(name));
  }

  /** The sandbox if the store has it, without asking anybody. */
  known(name: SandboxName): Sandbox | undefined {
    return this.#source.store.get(keyOf(name));
  }

  /** Those of a namespace, in no order, once everything that existed at the start is known. */
  async inNamespace(namespace: string, signal: AbortSignal): Promise<Sandbox[]> {
    await orAborted(this.#source.store.ready, signal);
    return this.#source.store.by("namespace", namespace);
  }

  /** The sandbox that has a name in an app, or is about to get it, if any is. */
  async named(namespace: string, wanted: NameInApp, signal: AbortSignal): Promise<Sandbox | undefined> {
    const [known, ...others] = contendersFor(await this.inNamespace(namespace, signal), wanted);
    // A name is free as soon as somebody has been told that its sandbox has finished.
    const current =
      others.length === 0 && known && (await this.#current({ namespace, name: known.metadata.name }, signal));
    if (current && !isFinished(current)) return current;
    const fieldSelector = `spec.app=${wanted.app},spec.name=${wanted.name}`;
    const { items } = await this.#kube.list(SANDBOX, { namespace, fieldSelector, signal });
    const contenders = contendersFor(items, wanted);
    const holder = contenders.length > 1 && (await this.#holderAmong(contenders, namespace, signal));
    return holder || contenders[0];
  }

  /** Takes over the answer to a write, so that the next read sees it. */
  learn(sandbox: Sandbox): void {
    this.#source.learn(sandbox);
  }

  /** Throws `not_found` only if the API server says so. */
  async find(name: SandboxName, signal?: AbortSignal): Promise<Sandbox> {
    return this.known(name) ?? (await this.fresh(name, signal));
  }

  /** From the API server itself. Throws `not_found`. */
  async fresh(name: SandboxName, signal?: AbortSignal): Promise<Sandbox> {
    const sandbox = await this.#current(name, signal);
    if (sandbox === undefined) throw missing(name);
    return sandbox;
  }

  /**
   * The first state of the sandbox for which `reached` is true. Whatever `reached` throws ends the wait, as does the
   * sandbox's deletion (`not_found`) and the signal (its reason).
   */
  async until(name: SandboxName, reached: (sandbox: Sandbox) => boolean, signal: AbortSignal): Promise<Sandbox> {
    for (;;) {
      const changed = this.#nextChange(name, signal);
      try {
        const stored = this.known(name);
        const sandbox = stored ?? (await this.fresh(name, signal));
        if (reached(sandbox)) return sandbox;
        await (stored === undefined ? changed.within(absentMilliseconds) : changed.promise);
      } finally {
        changed.forget();
      }
    }
  }

  #wake(key: string): void {
    for (const wake of this.#waiting.get(key) ?? []) wake();
  }

  /** Of several that want one name, the one that the API server knows as its holder, if any is so far. */
  async #holderAmong(contenders: Sandbox[], namespace: string, signal: AbortSignal): Promise<Sandbox | undefined> {
    const ids = contenders.map(({ metadata }) => metadata.name);
    const labelSelector = `${NAME_CLAIMS} in (${ids.join(",")})`;
    const { items } = await this.#kube.list(LEASE, { namespace, labelSelector, signal });
    const holders = new Set(items.map((claim) => claimantOf(claim)?.uid));
    return contenders.find(({ metadata }) => holders.has(metadata.uid ?? ""));
  }

  async #current(name: SandboxName, signal?: AbortSignal): Promise<Sandbox | undefined> {
    try {
      return await this.#kube.get(SANDBOX, name, signal && { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #nextChange(name: SandboxName, signal: AbortSignal): Change {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // When the wait ends early, nobody is left to hear of it.
    promise.catch(() => {});
    const abort = () => reject(signal.reason);
    const forget = this.#onChange(keyOf(name), resolve);
    signal.addEventListener("abort", abort, { once: true });
    let timer: NodeJS.Timeout | undefined;
    return {
      promise,
      within(milliseconds) {
        timer = setTimeout(resolve, milliseconds);
        return promise;
      },
      forget() {
        clearTimeout(timer);
        forget();
        signal.removeEventListener("abort", abort);
      },
    };
  }

  #onChange(key: string, changed: () => void): () => void {
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting.add(changed));
    return () => {
      waiting.delete(changed);
      if (waiting.size === 0) this.#waiting.delete(key);
    };
  }
}

interface Change {
  promise: Promise<void>;
  /** Resolves at the latest after this long. */
  within(milliseconds: number): Promise<void>;
  forget(): void;
}

function missing({ namespace, name }: SandboxName): SandkeepError {
  return new SandkeepError("not_found", "sandbox", `There is no sandbox "${namespace}/${name}"`);
}
