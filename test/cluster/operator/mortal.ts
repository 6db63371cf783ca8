import type { ResourceKind } from "../../../src/api/meta.ts";
import type { Kube } from "../../../src/kube/client.ts";
import { EVENT } from "../../../src/kube/objects.ts";
import { operatorFor, type OperatorOptions } from "../../../src/operator/operator.ts";

/** Operators of one namespace, of which the first dies once and others follow. */
export interface Succession extends AsyncDisposable {
  /** The first one has died. */
  hasDied(): boolean;
}

/**
 * Runs an operator that is gone, as if it were killed, just before its n-th write, Events apart, from when `arm` says so: what it has done
 * until then stays, and nothing more of it reaches the API server. The next one starts at once.
 */
export function succession(
  options: OperatorOptions & { kube: Kube },
  death: { write: number; armed: () => boolean },
): Succession {
  const end = new AbortController();
  let died = false;
  const lives: Promise<void>[] = [];
  const live = async (kube: Kube, signal: AbortSignal): Promise<void> => {
    try {
      const operator = await operatorFor({ ...options, kube }, signal);
      await operator.run(signal);
    } catch (error) {
      // The end may come while it is still asking what the server is.
      if (!signal.aborted) throw error;
    }
  };
  const first = new AbortController();
  const mortal = mortalKube(options.kube, first.signal, death, () => {
    died = true;
    first.abort(new Error("killed"));
    lives.push(live(options.kube, end.signal));
  });
  lives.push(live(mortal, AbortSignal.any([first.signal, end.signal])));
  return {
    hasDied: () => died,
    async [Symbol.asyncDispose]() {
      end.abort(new Error("the test is over"));
      await Promise.all(lives);
    },
  };
}

/** The client of a process that is about to die: at its n-th write it does, and no request of it is sent any more. */
function mortalKube(
  kube: Kube,
  dead: AbortSignal,
  { write, armed }: { write: number; armed: () => boolean },
  die: () => void,
): Kube {
  let writes = 0;
  const writing = (kind: ResourceKind): void => {
    // Events are best effort, and sent beside the rest.
    if (!dead.aborted && armed() && kind.plural !== EVENT.plural && ++writes === write) die();
    dead.throwIfAborted();
  };
  return {
    ...kube,
    get: async (kind, name, options) => {
      dead.throwIfAborted();
      return await kube.get(kind, name, options);
    },
    create: async (kind, object, options) => {
      writing(kind);
      return await kube.create(kind, object, options);
    },
    replace: async (kind, object, options) => {
      writing(kind);
      return await kube.replace(kind, object, options);
    },
    apply: async (kind, object, options) => {
      writing(kind);
      return await kube.apply(kind, object, options);
    },
    mergePatch: async (kind, name, patch, options) => {
      writing(kind);
      return await kube.mergePatch(kind, name, patch, options);
    },
    delete: async (kind, name, options) => {
      writing(kind);
      return await kube.delete(kind, name, options);
    },
  };
}
