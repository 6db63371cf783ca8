import { describe, expect, test } from "vitest";
import { patchedPod } from "../../../../src/operator/sandbox/pod-patch.ts";
import { aClass, aPod } from "../builders.ts";

const sandbox = (members: object) => ({ spec: { containers: [{ name: "sandbox", ...members }] } });

const accepted: { name: string; podPatch: object; want: object }[] = [
  { name: "DNS", podPatch: { spec: { dnsPolicy: "None" } }, want: { spec: { dnsPolicy: "None" } } },
  {
    name: "a capability more",
    podPatch: sandbox({ securityContext: { capabilities: { add: ["SYS_PTRACE"] } } }),
    want: sandbox({
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"], add: ["SYS_PTRACE"] } },
    }),
  },
  {
    name: "a volume for the sandbox",
    podPatch: {
      spec: {
        volumes: [{ name: "models", hostPath: { path: "/models" } }],
        containers: [{ name: "sandbox", volumeMounts: [{ mountPath: "/models", name: "models" }] }],
      },
    },
    want: {
      spec: {
        volumes: [{ name: "sandkeep-bin" }, { name: "sandkeep-run" }, { name: "models" }],
        containers: [{ volumeMounts: [{ name: "sandkeep-bin" }, { name: "sandkeep-run" }, { mountPath: "/models" }] }],
      },
    },
  },
  {
    name: "a container beside it",
    podPatch: { spec: { containers: [{ name: "log", image: "log:1" }] } },
    want: { spec: { containers: [{ name: "sandbox" }, { name: "log" }] } },
  },
  {
    name: "labels and annotations of others",
    podPatch: { metadata: { labels: { team: "a" }, annotations: { "karpenter.sh/do-not-disrupt": null } } },
    want: { metadata: { labels: { team: "a", "sandkeep.dev/sandbox": "s" } } },
  },
];

const refused: { name: string; podPatch: object; says: RegExp }[] = [
  { name: "its name", podPatch: { metadata: { name: "x" } }, says: /changes metadata\.name, which/ },
  { name: "its namespace", podPatch: { metadata: { namespace: "x" } }, says: /metadata\.namespace/ },
  { name: "its owner", podPatch: { metadata: { ownerReferences: null } }, says: /ownerReferences/ },
  { name: "the finalizer that keeps its end", podPatch: { metadata: { finalizers: null } }, says: /finalizers/ },
  {
    name: "the label of its policy",
    podPatch: { metadata: { labels: { "sandkeep.dev/network": "open" } } },
    says: /metadata\.labels\.sandkeep\.dev\/network/,
  },
  {
    name: "what its class decided",
    podPatch: { metadata: { annotations: { "sandkeep.dev/max-timeout-seconds": "1" } } },
    says: /max-timeout-seconds/,
  },
  { name: "the agent's command", podPatch: sandbox({ command: ["sh"] }), says: /containers\[sandbox\]\.command/ },
  { name: "its arguments", podPatch: sandbox({ args: ["x"] }), says: /containers\[sandbox\]\.args/ },
  { name: "the image", podPatch: sandbox({ image: "x" }), says: /containers\[sandbox\]\.image/ },
  { name: "the container", podPatch: sandbox({ $patch: "delete" }), says: /containers\[sandbox\]/ },
  {
    name: "privilege",
    podPatch: sandbox({ securityContext: { privileged: true } }),
    says: /securityContext\.privileged/,
  },
  {
    name: "all that confines it",
    podPatch: sandbox({ securityContext: null }),
    says: /securityContext\.allowPrivilegeEscalation/,
  },
  {
    name: "the capabilities that are dropped",
    podPatch: sandbox({ securityContext: { capabilities: null } }),
    says: /capabilities\.drop/,
  },
  {
    name: "the filter of system calls",
    podPatch: { spec: { securityContext: { seccompProfile: { type: "Unconfined" } } } },
    says: /spec\.securityContext\.seccompProfile/,
  },
  {
    name: "that filter of the container alone",
    podPatch: sandbox({ securityContext: { seccompProfile: { type: "Unconfined" } } }),
    says: /containers\[sandbox\]\.securityContext\.seccompProfile/,
  },
  {
    name: "something mounted over the agent",
    podPatch: sandbox({ volumeMounts: [{ mountPath: "/.sandkeep/bin", name: "other" }] }),
    says: /volumeMounts of \/\.sandkeep/,
  },
  {
    name: "another agent",
    podPatch: { spec: { volumes: [{ name: "sandkeep-bin", image: { reference: "other:1" } }] } },
    says: /volumes of sandkeep-/,
  },
  {
    name: "the volumes to have a token",
    podPatch: {
      spec: { volumes: [{ name: "token", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } }] },
    },
    says: /spec\.volumes with a serviceAccountToken/,
  },
  ...["containers", "initContainers"].map((list) => ({
    name: `the ${list} to have one with privilege`,
    podPatch: { spec: { [list]: [{ name: "other", image: "i", securityContext: { privileged: true } }] } },
    says: /changes securityContext\.privileged of a container, which/,
  })),
  ...["hostUsers", "hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "automountServiceAccountToken"].map(
    (member) => ({
      name: member,
      podPatch: { spec: { [member]: true } },
      says: new RegExp(`spec\\.${member}, which`),
    }),
  ),
  { name: "restarts", podPatch: { spec: { restartPolicy: "Always" } }, says: /spec\.restartPolicy/ },
  {
    name: "what is no patch",
    podPatch: { spec: { $retainKeys: [] } },
    says: /not a strategic merge patch: \$retainKeys/,
  },
];

describe("patchedPod", () => {
  test("leaves a Pod alone where its class has no patch", () => {
    const pod = aPod();
    expect(patchedPod(pod, aClass().spec).pod).toBe(pod);
  });

  test.each(accepted)("changes $name", ({ podPatch, want }) => {
    expect(patchedPod(aPod(), aClass({ podPatch }).spec).pod).toMatchObject(want);
  });

  test.each(refused)("refuses to change $name", ({ podPatch, says }) => {
    expect(patchedPod(aPod(), aClass({ podPatch }).spec).problem).toMatch(says);
  });
});
