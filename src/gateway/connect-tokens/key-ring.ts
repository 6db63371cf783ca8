import { FIELD_MANAGER, LABELS } from "../../api/constants.ts";
import { SandkeepError } from "../../api/errors.ts";
import { isAlreadyExists, isConflict, isForbidden } from "../../kube/api-error.ts";
import type { Kube, ObjectName } from "../../kube/client.ts";
import { SECRET, type Secret } from "../../kube/objects.ts";
import { getIfThere } from "../objects/get-or-create.ts";
import { dataOf, keysIn, renewed, type SigningKey } from "./keys.ts";

/** The Secret of the release's namespace that holds the keys. */
export const KEYS_SECRET = "sandkeep-connect-keys";

/** A key that was deleted holds no longer than this. */
const staleMilliseconds = 30_000;
/** Tokens with made-up key ids cause no more requests than one per this long. */
const unknownMilliseconds = 1_000;
/** Reading a Secret that one knows already is given up after this long, for what one knows. */
const patienceMilliseconds = 5_000;

/** The keys of all replicas of the gateway, in a Secret that the chart makes and the first to need a key fills in. */
export class KeyRing {
  readonly #kube: Kube;
  readonly #name: ObjectName;
  #keys: readonly SigningKey[] | undefined;
  #readAt = -Infinity;
  #reading: Promise<void> | undefined;

  constructor(kube: Kube, namespace: string) {
    this.#kube = kube;
    this.#name = { namespace, name: KEYS_SECRET };
  }

  /** The key that signs now, as the API server has it; a new one when it is time. Throws `not_supported` where there can be none. */
  async signing(signal: AbortSignal): Promise<SigningKey> {
    for (;;) {
      signal.throwIfAborted();
      const stored = await getIfThere(this.#kube, SECRET, this.#name, signal);
      const keys = keysIn(stored?.data);
      const next = renewed(keys, Math.floor(Date.now() / 1000));
      const newest = (next ?? keys).at(-1);
      if (newest === undefined || (next !== undefined && !(await this.#store(stored, next, signal)))) continue;
      this.#know(next ?? keys);
      return newest;
    }
  }

  /** The key of this id, if there is one. Rejects when no key is known yet and the API server cannot say. */
  async find(id: string): Promise<SigningKey | undefined> {
    const known = this.#keys?.find((key) => key.id === id);
    const most = known === undefined ? unknownMilliseconds : staleMilliseconds;
    if (performance.now() - this.#readAt < most) return known;
    await (this.#reading ??= this.#read().finally(() => (this.#reading = undefined)));
    return this.#keys?.find((key) => key.id === id);
  }

  /** While the API server is away, the keys that are known go on to hold. */
  async #read(): Promise<void> {
    try {
      const stored = await getIfThere(this.#kube, SECRET, this.#name, AbortSignal.timeout(patienceMilliseconds));
      this.#know(keysIn(stored?.data));
    } catch (error) {
      if (this.#keys === undefined) throw error;
      this.#readAt = performance.now();
    }
  }

  #know(keys: readonly SigningKey[]): void {
    this.#keys = keys;
    this.#readAt = performance.now();
  }

  /** Whether it was stored: another replica may have been first. */
  async #store(stored: Secret | undefined, keys: readonly SigningKey[], signal: AbortSignal): Promise<boolean> {
    try {
      if (stored === undefined) await this.#kube.create(SECRET, this.#secret(keys), { signal });
      else await this.#kube.replace(SECRET, { ...stored, data: dataOf(keys) }, { signal });
      return true;
    } catch (error) {
      if (isAlreadyExists(error) || isConflict(error)) return false;
      if (stored === undefined && isForbidden(error)) throw missing(this.#name, error);
      throw error;
    }
  }

  #secret(keys: readonly SigningKey[]): Secret {
    const labels = { [LABELS.managedBy]: FIELD_MANAGER };
    return { metadata: { ...this.#name, labels }, type: "Opaque", data: dataOf(keys) };
  }
}

function missing({ namespace, name }: ObjectName, cause: unknown): SandkeepError {
  return new SandkeepError(
    "not_supported",
    "token",
    `Cannot sign connect tokens: there is no Secret "${namespace}/${name}" for their keys. Administrators make it anew with helm upgrade`,
    { cause },
  );
}
