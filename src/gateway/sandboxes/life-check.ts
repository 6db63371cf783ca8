import { objectionToLife } from "../../api/class/objection.ts";
import { POD_ANNOTATIONS } from "../../api/constants.ts";
import { SandkeepError } from "../../api/errors.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { Kube } from "../../kube/client.ts";
import { POD, type Pod } from "../../kube/objects.ts";
import { keyOf } from "../../runtime/key.ts";
import type { Store } from "../../runtime/store.ts";
import type { ClassCheck } from "./class-check.ts";

/** Throws, with the limit, for a sandbox that is to live longer than it may. */
export type LifeCheck = (sandbox: Sandbox, timeoutSeconds: number, signal: AbortSignal) => Promise<void>;

/**
 * The check that judges as the operator does: one that has its Pod by what its class said when that was made, one that has
 * none by its class. What is no raise is never refused.
 */
export function lifeCheck(pods: Pick<Store<Pod>, "get">, kube: Pick<Kube, "list">, checkClass: ClassCheck): LifeCheck {
  return async (sandbox, timeoutSeconds, signal) => {
    const { spec, status } = sandbox;
    if (timeoutSeconds <= spec.timeoutSeconds) return;
    const wasSeen = status?.scheduledAt !== undefined;
    const known = own(sandbox, knownPod(sandbox, pods));
    const pod = known ?? (wasSeen ? own(sandbox, await foundPod(sandbox, kube, signal)) : undefined);
    if (pod !== undefined) return checkPod(pod, timeoutSeconds);
    // That of one that has been seen on a node may be gone already: the operator judges by it.
    if (wasSeen) return;
    await checkClass({ ...sandbox, spec: { ...spec, timeoutSeconds } }, signal, objectionToLife);
  };
}

function knownPod({ metadata: { namespace = "", name } }: Sandbox, pods: Pick<Store<Pod>, "get">): Pod | undefined {
  return pods.get(keyOf({ namespace, name }));
}

/** A Pod that does not run yet is not known. Gateways may list Pods, but not get them. */
async function foundPod(
  { metadata: { namespace = "", name } }: Sandbox,
  kube: Pick<Kube, "list">,
  signal: AbortSignal,
): Promise<Pod | undefined> {
  const { items } = await kube.list(POD, { namespace, fieldSelector: `metadata.name=${name}`, signal });
  return items[0];
}

function own({ metadata }: Sandbox, pod: Pod | undefined): Pod | undefined {
  return pod?.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true ? pod : undefined;
}

function checkPod({ metadata }: Pod, timeoutSeconds: number): void {
  const longest = Number(metadata.annotations?.[POD_ANNOTATIONS.maxTimeoutSeconds] ?? timeoutSeconds);
  if (timeoutSeconds <= longest) return;
  const message = `spec.timeoutSeconds ${timeoutSeconds} is more than ${longest}, the maximum of its SandboxClass when it started.`;
  throw new SandkeepError("invalid_argument", "sandbox", message, { details: { reason: "ClassLimit" } });
}
