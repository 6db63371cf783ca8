import type { KubeObject, ResourceKind } from "../../api/meta.ts";
import { isAlreadyExists, isNotFound } from "../../kube/api-error.ts";
import type { Kube, ObjectName } from "../../kube/client.ts";

/**
 * The object of that name, or the one that `make` gives, which is stored then. `created` says which; with several callers
 * at once it is true for one. `make` may refuse.
 */
export async function getOrCreate<T extends KubeObject>(
  kube: Kube,
  kind: ResourceKind<T>,
  name: ObjectName,
  make: () => Promise<T>,
  signal: AbortSignal,
): Promise<{ object: T; created: boolean }> {
  const there = await getIfThere(kube, kind, name, signal);
  if (there !== undefined) return { object: there, created: false };
  try {
    return { object: await kube.create(kind, await make(), { signal }), created: true };
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return { object: await kube.get(kind, name, { signal }), created: false };
  }
}

/** The object of that name, if there is one. */
export async function getIfThere<T extends KubeObject>(
  kube: Kube,
  kind: ResourceKind<T>,
  name: ObjectName,
  signal: AbortSignal,
): Promise<T | undefined> {
  try {
    return await kube.get(kind, name, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
