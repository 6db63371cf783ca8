import type { KubeObject } from "../api/meta.ts";
import type { ObjectName } from "../kube/client.ts";

/** Names an object within its kind, in queues and stores: `namespace/name`, or `name` for cluster-scoped kinds. */
export function keyOf({ namespace, name }: ObjectName): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** The key of an object. */
export function keyOfObject({ metadata }: KubeObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}
