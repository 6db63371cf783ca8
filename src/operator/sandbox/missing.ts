import type { Pod } from "../../kube/objects.ts";

/** What a Pod waits for: `reason` is that of a condition, `message` a sentence about the object. */
export interface Missing {
  reason: "SecretNotFound" | "ConfigMapNotFound" | "ClaimNotFound" | "ClaimNotBound" | "KeyNotFound" | "VolumesPending";
  message: string;
}

/** In the words of kubelet and scheduler. */
const absences = [
  { says: /\bsecret "([^"]+)" not found/i, reason: "SecretNotFound", kind: "Secret" },
  { says: /\bconfigmap "([^"]+)" not found/i, reason: "ConfigMapNotFound", kind: "ConfigMap" },
  { says: /\bpersistentvolumeclaim "([^"]+)" not found/i, reason: "ClaimNotFound", kind: "PersistentVolumeClaim" },
] as const;

const absentKey = /couldn't find key (\S+) in (Secret|ConfigMap) [^/\s]+\/(\S+)/;

/** The object that is missing according to what kubelet or scheduler say about a Pod; `undefined` if they speak of others. */
export function missingObject(said: string, pod: Pod): Missing | undefined {
  for (const { says, reason, kind } of absences) {
    const name = says.exec(said)?.[1];
    if (name !== undefined) return { reason, message: `${kind} "${name}" does not exist yet.` };
  }
  const [, key, kind, name] = absentKey.exec(said) ?? [];
  if (key !== undefined) return { reason: "KeyNotFound", message: `${kind} "${name}" has no key "${key}" yet.` };
  if (!/unbound immediate PersistentVolumeClaims/.test(said)) return undefined;
  const claims = volumesOf(pod).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
  return {
    reason: "ClaimNotBound",
    message: `${oneOf("PersistentVolumeClaim", claims)} is not bound to a volume yet.`,
  };
}

/** The Secrets and ConfigMaps that a Pod's volumes need. A node that waits for one says so in no status. */
export function volumeSources(pod: Pod): string[] {
  return volumesOf(pod).flatMap(({ secret, configMap }) => [
    ...(secret?.secretName !== undefined && secret.optional !== true ? [`Secret "${secret.secretName}"`] : []),
    ...(configMap?.name !== undefined && configMap.optional !== true ? [`ConfigMap "${configMap.name}"`] : []),
  ]);
}

/** What a node may wait for that has not set up a Pod's volumes. */
export function missingVolume(pod: Pod): Missing | undefined {
  const sources = volumeSources(pod);
  if (sources.length === 0) return undefined;
  return { reason: "VolumesPending", message: `Its volumes are not set up yet; they need ${sources.join(" and ")}.` };
}

function volumesOf({ spec }: Pod): NonNullable<NonNullable<Pod["spec"]>["volumes"]> {
  return spec?.volumes ?? [];
}

function oneOf(kind: string, names: string[]): string {
  return `${kind} ${names.map((name) => `"${name}"`).join(" or ")}`;
}
