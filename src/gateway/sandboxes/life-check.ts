import { objectionToLife } from "../../api/class/objection.ts";
import { POD_ANNOTATIONS } from "../../api/constants.ts";
import { SandkeepError } from "../../api/errors.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { Pod } from "../../kube/objects.ts";
import { keyOf } from "../../runtime/key.ts";
import type { Store } from "../../runtime/store.ts";
import type { ClassCheck } from "./class-check.ts";

/** Throws, with the limit, for a sandbox that is to live longer than it may. */
export type LifeCheck = (sandbox: Sandbox, timeoutSeconds: number, signal: AbortSignal) => Promise<void>;

/**
 * The check that judges as the operator does: one that has its Pod by what its class said when that was made, one that has
 * none by its class. What is no raise is never refused.
 */
export function lifeCheck(pods: Pick<Store<Pod>, "get">, checkClass: ClassCheck): LifeCheck {
  return async (sandbox, timeoutSeconds, signal) => {
    const { spec, status, metadata } = sandbox;
    if (timeoutSeconds <= spec.timeoutSeconds) return;
    const pod = pods.get(keyOf({ namespace: metadata.namespace ?? "", name: metadata.name }));
    const isOwn = pod?.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true;
    if (isOwn) return checkPod(pod, timeoutSeconds);
    // That of one that has been seen on a node may not be known here yet: the operator judges by it.
    if (status?.scheduledAt !== undefined) return;
    await checkClass({ ...sandbox, spec: { ...spec, timeoutSeconds } }, signal, objectionToLife);
  };
}

function checkPod({ metadata }: Pod, timeoutSeconds: number): void {
  const longest = Number(metadata.annotations?.[POD_ANNOTATIONS.maxTimeoutSeconds] ?? timeoutSeconds);
  if (timeoutSeconds <= longest) return;
  const message = `spec.timeoutSeconds ${timeoutSeconds} is more than ${longest}, the maximum of its SandboxClass when it started.`;
  throw new SandkeepError("invalid_argument", "sandbox", message, { details: { reason: "ClassLimit" } });
}
