import { isDeepStrictEqual } from "node:util";
import {
  FINALIZERS,
  LABELS,
  RESERVED_DIRECTORY,
  RESERVED_VOLUME_PREFIX,
  SANDBOX_CONTAINER,
} from "../../api/constants.ts";
import type { SandboxClassSpec } from "../../api/sandbox-class.ts";
import type { Container, Pod, Volume } from "../../kube/objects.ts";
import { type Json, strategicMerge } from "../../kube/strategic-merge.ts";
import { annotations } from "../names.ts";

/** A Pod as its class patches it, or what is wrong with the patch. */
export type PatchedPod = { pod: Pod; problem?: never } | { pod?: never; problem: string };

/** Applies `podPatch`, which may change anything but what makes the Pod this sandbox and keeps it one. */
export function patchedPod(pod: Pod, { podPatch }: SandboxClassSpec): PatchedPod {
  if (podPatch === undefined) return { pod };
  let patched: Pod;
  try {
    patched = strategicMerge(asJson(pod), asJson(podPatch)) as object as Pod;
  } catch (error) {
    return { problem: `is not a strategic merge patch: ${error instanceof Error ? error.message : String(error)}` };
  }
  const before = keptOf(pod);
  const after = keptOf(patched);
  const changed = Object.keys(before).find((path) => !isDeepStrictEqual(before[path], after[path]));
  return changed === undefined
    ? { pod: patched }
    : { problem: `changes ${changed}, which makes the Pod a sandbox: take it out of the patch` };
}

/** What a patch must leave as it is, by path. */
function keptOf({ apiVersion, kind, metadata, spec }: Pod): Record<string, unknown> {
  const { containers = [], initContainers = [], volumes = [] } = spec ?? {};
  const sandbox = containers[0]?.name === SANDBOX_CONTAINER ? containers[0] : undefined;
  return {
    apiVersion,
    kind,
    "metadata.name": metadata.name,
    "metadata.namespace": metadata.namespace,
    "metadata.ownerReferences": metadata.ownerReferences,
    "metadata.finalizers": metadata.finalizers?.includes(FINALIZERS.exitStatus),
    ...membersOf("metadata.labels", metadata.labels, Object.values(LABELS)),
    ...membersOf("metadata.annotations", metadata.annotations, Object.values(annotations)),
    ...membersOf("spec", spec, podMembers),
    "spec.securityContext.seccompProfile": isConfined(spec?.securityContext),
    [`spec.initContainers of ${RESERVED_VOLUME_PREFIX}`]: initContainers.filter(({ name }) => isReserved(name)),
    [`spec.volumes of ${RESERVED_VOLUME_PREFIX}`]: volumes.filter(({ name }) => isReserved(name)),
    "spec.volumes with a serviceAccountToken": volumes.filter(hasToken),
    "securityContext.privileged of a container": [...containers, ...initContainers].filter(isPrivileged).length,
    ...keptOfContainer(sandbox),
  };
}

/** Beside who the Pod is: it ends when the sandbox does, has no rights in the cluster, and shares nothing with its node. */
const podMembers = [
  "restartPolicy",
  "activeDeadlineSeconds",
  "terminationGracePeriodSeconds",
  "automountServiceAccountToken",
  "hostUsers",
  "hostNetwork",
  "hostPID",
  "hostIPC",
  "shareProcessNamespace",
  "ephemeralContainers",
] as const;

const containerMembers = [
  "command",
  "args",
  "image",
  "restartPolicy",
  "terminationMessagePath",
  "terminationMessagePolicy",
] as const;

const securityMembers = ["privileged", "allowPrivilegeEscalation", "procMount"] as const;

function keptOfContainer(container: Container | undefined): Record<string, unknown> {
  const path = `spec.containers[${SANDBOX_CONTAINER}]`;
  const mounts = (container?.volumeMounts ?? []).filter(({ mountPath }) =>
    `${mountPath}/`.startsWith(`${RESERVED_DIRECTORY}/`),
  );
  return {
    [path]: container === undefined,
    ...membersOf(path, container, containerMembers),
    [`${path}.volumeMounts of ${RESERVED_DIRECTORY}`]: mounts,
    ...membersOf(`${path}.securityContext`, container?.securityContext, securityMembers),
    [`${path}.securityContext.capabilities.drop`]: container?.securityContext?.capabilities?.drop,
    [`${path}.securityContext.seccompProfile`]:
      container?.securityContext?.seccompProfile === undefined || isConfined(container.securityContext),
  };
}

function hasToken({ projected }: Volume): boolean {
  return projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken !== undefined) ?? false;
}

function isPrivileged({ securityContext }: Container): boolean {
  return securityContext?.privileged === true;
}

/** Another profile of the node may be as good as the runtime's; none is not. */
function isConfined(context: { seccompProfile?: { type: string } } | undefined): boolean {
  return ["RuntimeDefault", "Localhost"].includes(context?.seccompProfile?.type ?? "");
}

function membersOf<K extends string>(
  path: string,
  object: { [Key in K]?: unknown } | undefined,
  names: readonly K[],
): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [`${path}.${name}`, object?.[name]]));
}

function isReserved(name: string): boolean {
  return name.startsWith(RESERVED_VOLUME_PREFIX);
}

function asJson(value: object): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
