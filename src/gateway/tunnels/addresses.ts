import { FIELD_MANAGER, LABELS, POD_ANNOTATIONS } from "../../api/constants.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { Kube } from "../../kube/client.ts";
import { POD, type Pod } from "../../kube/objects.ts";
import type { Log } from "../../log.ts";
import { keyOf } from "../../runtime/key.ts";
import { Reflector } from "../../runtime/reflector.ts";
import type { Store } from "../../runtime/store.ts";
import { isOver } from "../sandboxes/life.ts";

/** The Pods of sandboxes, of which no more is kept than tells whose they are, where, and how long they may live. */
export function podReflector(kube: Kube, log: Log): Reflector<Pod> {
  const labelSelector = `${LABELS.managedBy}=${FIELD_MANAGER},${LABELS.sandbox}`;
  return new Reflector(kube, POD, { labelSelector, keep: addressed, log });
}

/** Tells the address of a sandbox's Pod; `undefined` while it has none, and as soon as the sandbox ends. */
export function addressesIn(pods: Pick<Store<Pod>, "get">): (sandbox: Sandbox) => string | undefined {
  return (sandbox) => {
    if (isOver(sandbox)) return undefined;
    const { metadata, status } = sandbox;
    const pod = pods.get(keyOf({ namespace: metadata.namespace ?? "", name: status?.podName ?? metadata.name }));
    const isOwn = pod?.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true;
    return isOwn && pod.metadata.deletionTimestamp === undefined ? pod.status?.podIP : undefined;
  };
}

function addressed({ metadata, status }: Pod): Pod {
  const { name, namespace, uid, resourceVersion, ownerReferences, deletionTimestamp } = metadata;
  const maximum = metadata.annotations?.[POD_ANNOTATIONS.maxTimeoutSeconds];
  const podIP = status?.phase === "Running" ? status.podIP : undefined;
  return {
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(ownerReferences !== undefined && { ownerReferences }),
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
      ...(maximum !== undefined && { annotations: { [POD_ANNOTATIONS.maxTimeoutSeconds]: maximum } }),
    },
    ...(podIP !== undefined && { status: { podIP } }),
  };
}
