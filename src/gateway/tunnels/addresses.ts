import { FIELD_MANAGER, LABELS, POD_ANNOTATIONS } from "../../api/constants.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { Kube } from "../../kube/client.ts";
import { POD, type Pod } from "../../kube/objects.ts";
import type { Log } from "../../log.ts";
import { keyOf } from "../../runtime/key.ts";
import { Reflector } from "../../runtime/reflector.ts";
import type { Store } from "../../runtime/store.ts";
import { isOver } from "../sandboxes/life.ts";

/** What is known of Pods, and how old that may be. */
export type KnownPods = Pick<Reflector<Pod>, "silence"> & { store: Pick<Store<Pod>, "get"> };

/**
 * The Pods of sandboxes, of which no more is kept than tells whose they are, where, and how long they may live. Of the four
 * steps that each takes until it runs, every one a message to every gateway, nothing is heard.
 */
export function podReflector(kube: Kube, log: Log): Reflector<Pod> {
  const labelSelector = `${LABELS.managedBy}=${FIELD_MANAGER},${LABELS.sandbox}`;
  return new Reflector(kube, POD, { labelSelector, fieldSelector: "status.phase!=Pending", keep: addressed, log });
}

/** Bookmarks come about every minute, and after 90 s without any the Pods are listed anew. */
const longestSilence = 150_000;

/**
 * Tells the address of a sandbox's Pod; `undefined` while it has none, as soon as the sandbox ends, and while nothing is heard
 * of Pods: another one may have the address by then.
 */
export function addressesIn(pods: KnownPods): (sandbox: Sandbox) => string | undefined {
  return (sandbox) => {
    if (isOver(sandbox) || pods.silence > longestSilence) return undefined;
    const { metadata, status } = sandbox;
    const pod = pods.store.get(keyOf({ namespace: metadata.namespace ?? "", name: status?.podName ?? metadata.name }));
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
