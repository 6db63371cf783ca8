/** So many policies of a namespace are kept without sandboxes under them: of more, those go first that are unused for longest. */
export const mostUnused = 32;

/** Since when policies have had no sandboxes under them; by key. */
export class Unused {
  /** By namespace; those that are unused for longest come first. */
  readonly #since = new Map<string, Map<string, number>>();

  /** Milliseconds that a policy is unused as of now, from the first time that this is asked; `Infinity` if newer ones crowd it out. */
  unusedFor(key: string, now: number = performance.now()): number {
    const namespace = namespaceIn(key);
    const keys = this.#since.get(namespace) ?? new Map<string, number>();
    this.#since.set(namespace, keys);
    const since = keys.get(key) ?? now;
    keys.set(key, since);
    return this.crowdedOut(key).includes(key) ? Infinity : now - since;
  }

  /** The policy is used again, or gone. */
  forget(key: string): void {
    const namespace = namespaceIn(key);
    const keys = this.#since.get(namespace);
    keys?.delete(key);
    if (keys?.size === 0) this.#since.delete(namespace);
  }

  /** The policies of this one's namespace that are too many. */
  crowdedOut(key: string): string[] {
    const keys = [...(this.#since.get(namespaceIn(key))?.keys() ?? [])];
    return keys.slice(0, Math.max(0, keys.length - mostUnused));
  }
}

function namespaceIn(key: string): string {
  return key.slice(0, key.indexOf("/"));
}
