import { describe, expect, test } from "vitest";
import type { SandboxSpecInput } from "../../../../src/api/sandbox.ts";
import { missingObject, missingVolume } from "../../../../src/operator/sandbox/missing.ts";
import { aPod, aSandbox } from "../builders.ts";

type VolumeInput = NonNullable<SandboxSpecInput["volumes"]>[number];

function claim(claimName: string): VolumeInput {
  return { name: claimName, mountPath: `/${claimName}`, persistentVolumeClaim: { claimName } };
}

function podWith(...volumes: VolumeInput[]) {
  return aPod({}, aSandbox({ volumes }));
}

describe("missingObject", () => {
  test.each<[said: string, reason: string | undefined, message?: string]>([
    ['secret "keys" not found', "SecretNotFound", 'Secret "keys" does not exist yet.'],
    ['configmap "conf" not found', "ConfigMapNotFound", 'ConfigMap "conf" does not exist yet.'],
    [
      '0/3 nodes are available: persistentvolumeclaim "data" not found. not eligible for preemption',
      "ClaimNotFound",
      'PersistentVolumeClaim "data" does not exist yet.',
    ],
    ["couldn't find key A in Secret ns/keys", "KeyNotFound", 'Secret "keys" has no key "A" yet.'],
    ["couldn't find key B in ConfigMap ns/conf", "KeyNotFound", 'ConfigMap "conf" has no key "B" yet.'],
    [
      "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
      "ClaimNotBound",
      'PersistentVolumeClaim "data" or "more" is not bound to a volume yet.',
    ],
    ["0/1 nodes are available: 1 Insufficient cpu.", undefined],
    ["", undefined],
  ])("%j is %s", (said, reason, message) => {
    const missing = missingObject(said, podWith(claim("data"), claim("more")));
    expect(missing).toEqual(reason === undefined ? undefined : { reason, message });
  });
});

describe("missingVolume", () => {
  test("names the Secrets and ConfigMaps that volumes cannot do without", () => {
    const pod = podWith(
      { name: "a", mountPath: "/a", secret: { secretName: "keys" } },
      { name: "b", mountPath: "/b", configMap: { name: "conf" } },
      { name: "c", mountPath: "/c", secret: { secretName: "perhaps", optional: true } },
      claim("data"),
    );
    expect(missingVolume(pod)).toEqual({
      reason: "VolumesPending",
      message: 'Its volumes are not set up yet; they need Secret "keys" and ConfigMap "conf".',
    });
  });

  test("has nothing to say of other volumes", () => {
    expect(missingVolume(podWith(claim("data")))).toBeUndefined();
  });
});
