import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KubeObject, ResourceKind } from "../../../src/api/meta.ts";
import type { SandboxSpecInput } from "../../../src/api/sandbox.ts";
import { SANDBOX_CLASS } from "../../../src/api/sandbox-class.ts";
import { NAMESPACE, type Pod, POD, SERVICE_ACCOUNT } from "../../../src/kube/objects.ts";
import { waitFor } from "../../support/wait-for.ts";
import { operatorWorld, type OperatorWorld, small } from "./world.ts";

const LIMIT_RANGE: ResourceKind<KubeObject & { spec: object }> = {
  group: "",
  version: "v1",
  kind: "LimitRange",
  plural: "limitranges",
  namespaced: true,
};

const PRIORITY_CLASS: ResourceKind<KubeObject & { value: number }> = {
  group: "scheduling.k8s.io",
  version: "v1",
  kind: "PriorityClass",
  plural: "priorityclasses",
  namespaced: false,
};

let world: OperatorWorld;
beforeAll(async () => {
  world = await operatorWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** The Pod of a new sandbox of a class like this, once the sandbox runs. */
async function podOf(name: string, classSpec: object, spec: SandboxSpecInput = {}): Promise<Pod | undefined> {
  const className = await world.createClass(classSpec);
  await world.create(name, { ...small, className, ...spec });
  await world.reaches(name, "Started");
  return await world.pod(name);
}

/** How a new sandbox ended, and what made it end. */
async function endOf(name: string, classSpec: object, spec: SandboxSpecInput = {}): Promise<(string | undefined)[]> {
  const className = await world.createClass(classSpec);
  await world.create(name, { ...small, className, ...spec });
  const { status } = await world.reaches(name, "Finished");
  expect(status).toMatchObject({ reason: "Rejected" });
  const stalled = status?.conditions?.find(({ type }) => type === "Stalled");
  return [stalled?.reason, status?.message];
}

describe("a class", () => {
  test("says how its sandboxes run", async () => {
    const { kube, namespace } = world;
    await kube.create(SERVICE_ACCOUNT, { metadata: { name: "quiet", namespace } });
    await kube.create(PRIORITY_CLASS, { metadata: { name: namespace }, value: -1 });
    try {
      const pod = await podOf("by-class", {
        agentDelivery: "Never",
        hostUsers: "Always",
        defaults: { resources: { requests: { cpu: "10m" }, limits: { memory: "64Mi" } }, ephemeralStorage: "1Gi" },
        nodeSelector: { "kubernetes.io/os": "linux" },
        tolerations: [{ key: "sandboxes", operator: "Exists" }],
        priorityClassName: namespace,
        serviceAccountName: "quiet",
        imagePullSecrets: [{ name: "registry" }],
        limits: { pullSeconds: 60 },
        maxima: { timeoutSeconds: 600 },
      });
      expect(pod?.spec).toMatchObject({
        initContainers: [{ name: "sandkeep-agent" }],
        containers: [{ resources: { limits: { memory: "64Mi", "ephemeral-storage": "1Gi" } } }],
        nodeSelector: { "kubernetes.io/os": "linux" },
        tolerations: expect.arrayContaining([{ key: "sandboxes", operator: "Exists" }]),
        priority: -1,
        serviceAccountName: "quiet",
        imagePullSecrets: [{ name: "registry" }],
        activeDeadlineSeconds: 660,
      });
      expect(pod?.spec?.hostUsers).not.toBe(false);
      expect(pod?.spec?.volumes?.some(({ projected }) => projected !== undefined)).toBe(false);
    } finally {
      await kube.delete(PRIORITY_CLASS, { name: namespace });
    }
  });

  test("patches their Pods last", async () => {
    const pod = await podOf("patched", {
      podPatch: {
        metadata: { labels: { team: "search" } },
        spec: {
          hostAliases: [{ ip: "192.0.2.1", hostnames: ["patched.example"] }],
          containers: [{ name: "sandbox", env: [{ name: "PATCHED", value: "yes" }] }],
        },
      },
    });
    expect(pod?.metadata.labels).toMatchObject({ team: "search", "sandkeep.dev/sandbox": "patched" });
    await world.execute("patched", "sh", "-c", '[ "$PATCHED" = yes ] && grep patched.example /etc/hosts');
  });

  test.each([
    ["what makes a sandbox of it", { hostPID: true }, "PodPatch", /changes spec\.hostPID/],
    ["what Kubernetes does not know", { dnsPolice: "Default" }, "PodRefused", /unknown field "spec\.dnsPolice"/],
    [
      "what Kubernetes does not take",
      { dnsPolicy: "Mine" },
      "PodRefused",
      /spec\.dnsPolicy: Unsupported value: "Mine"/,
    ],
  ])("whose patch has %s is refused in words", async (_, spec, reason, says) => {
    const [stalled, message] = await endOf(Object.keys(spec).join("").toLowerCase(), { podPatch: { spec } });
    expect(stalled).toBe(reason);
    expect(message).toMatch(says);
  });

  test("names its limit to who exceeds it", async () => {
    const [stalled, message] = await endOf(
      "too-large",
      { maxima: { resources: { memory: "64Mi" } } },
      { resources: { limits: { memory: "65Mi" } } },
    );
    expect(stalled).toBe("ClassLimit");
    expect(message).toMatch(/^spec\.resources\.limits\.memory 65Mi is more than 64Mi, the maximum of SandboxClass/);
  });

  test("that is changed, or deleted, is so for new sandboxes only", async () => {
    const { kube } = world;
    const before = await podOf("older", { defaults: { resources: { limits: { memory: "64Mi" } } } });
    const className = (await world.get("older")).spec.className ?? "";
    const changes = {
      defaults: { resources: { limits: { memory: "32Mi" } } },
      network: { allowedPrivateCidrs: ["192.0.2.0/24"] },
      maxima: { timeoutSeconds: 300 },
      nodeSelector: { "kubernetes.io/os": "linux" },
    };
    await kube.mergePatch(SANDBOX_CLASS, { name: className }, { spec: changes });
    await world.create("newer", { ...small, className });
    await world.reaches("newer", "Started");
    const [older, newer] = await Promise.all([world.pod("older"), world.pod("newer")]);
    expect(older?.metadata.resourceVersion).toBe(before?.metadata.resourceVersion);
    expect(older?.spec).toEqual(before?.spec);
    expect(newer?.spec?.containers[0]?.resources?.limits).toEqual({ memory: "32Mi" });
    const network = "sandkeep.dev/network";
    expect(newer?.metadata.labels?.[network]).not.toBe(older?.metadata.labels?.[network]);
    expect((await world.get("older")).status?.phase).toBe("Started");
  });
});

describe("a namespace that does not let the Pod in says so in a condition", () => {
  test("by a LimitRange", async () => {
    const { kube, namespace } = world;
    const limits = [{ type: "Container", max: { memory: "64Mi" } }];
    await kube.create(LIMIT_RANGE, { metadata: { name: "small", namespace }, spec: { limits } });
    try {
      const large = { resources: { limits: { memory: "65Mi" } } };
      const [stalled, message] = await endOf("beyond-the-range", { agentDelivery: "Always" }, large);
      expect(stalled).toBe("LimitRange");
      expect(message).toMatch(/maximum memory usage per Container is 64Mi, but limit is 65Mi/);
    } finally {
      await kube.delete(LIMIT_RANGE, { namespace, name: "small" });
    }
  });

  test("by Pod Security, and lets in the profile that it asks for", async () => {
    const { kube, namespace } = world;
    const enforce = (level: string | null) =>
      kube.mergePatch(
        NAMESPACE,
        { name: namespace },
        { metadata: { labels: { "pod-security.kubernetes.io/enforce": level } } },
      );
    await enforce("restricted");
    try {
      await waitFor("the profile to be enforced", async () => {
        const probe = { metadata: { name: "probe", namespace }, spec: { containers: [{ name: "c", image: "c" }] } };
        return kube.create(POD, probe, { dryRun: true }).then(
          () => false,
          (error: unknown) => String(error).includes("violates PodSecurity"),
        );
      });
      const [stalled, message] = await endOf("as-root", {});
      expect(stalled).toBe("PodSecurity");
      expect(message).toMatch(/violates PodSecurity "restricted:latest": .*capabilities/);
      await podOf("as-user", { profile: "Restricted" }, { securityContext: { runAsUser: 1000 } });
    } finally {
      await enforce(null);
    }
  });
});
