import { describe, expect, test } from "vitest";
import type { SandboxSpecInput } from "../../../../src/api/sandbox.ts";
import type { Pod } from "../../../../src/kube/objects.ts";
import type { FoundImage } from "../../../../src/operator/sandbox/entrypoint.ts";
import { podFor } from "../../../../src/operator/sandbox/pod.ts";
import { aClass, aSandbox, facts } from "../builders.ts";

interface Row {
  name: string;
  spec?: SandboxSpecInput;
  classSpec?: object;
  cluster?: Partial<typeof facts>;
  want: object;
}

const rows: Row[] = [
  {
    name: "nothing of the cluster is given to the sandbox",
    want: {
      spec: {
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        restartPolicy: "Never",
        hostUsers: false,
        securityContext: { seccompProfile: { type: "RuntimeDefault" } },
      },
    },
  },
  {
    name: "the Pod is the sandbox's own and kept until its end is recorded",
    want: {
      metadata: {
        name: "s",
        namespace: "n",
        finalizers: ["sandkeep.dev/exit-status"],
        ownerReferences: [{ kind: "Sandbox", name: "s", uid: "u1", controller: true }],
        labels: {
          "app.kubernetes.io/managed-by": "sandkeep",
          "sandkeep.dev/sandbox": "s",
          "sandkeep.dev/app": "default",
          "sandkeep.dev/network": "x",
          "sidecar.istio.io/inject": "false",
        },
        annotations: {
          "karpenter.sh/do-not-disrupt": "true",
          "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
        },
      },
    },
  },
  {
    name: "the Pod may outlive the longest sandbox of its class and the pull",
    classSpec: { maxima: { timeoutSeconds: 1000 }, limits: { pullSeconds: 50 } },
    want: { spec: { activeDeadlineSeconds: 1050 } },
  },
  {
    name: "the agent comes as an image volume where the cluster can",
    want: { spec: { volumes: [{ name: "sandkeep-bin", image: { reference: "agent:1" } }, { emptyDir: {} }] } },
  },
  {
    name: "the agent is copied by an init container where it cannot",
    cluster: { imageVolumes: false },
    want: {
      spec: {
        volumes: [{ name: "sandkeep-bin", emptyDir: {} }, { emptyDir: {} }],
        initContainers: [{ image: "agent:1", command: ["/agent", "install", "/.sandkeep/bin"] }],
      },
    },
  },
  {
    name: "a class can insist on the init container",
    classSpec: { agentDelivery: "Never" },
    want: { spec: { initContainers: [{ image: "agent:1" }] } },
  },
  {
    name: "a class can insist on the image volume",
    classSpec: { agentDelivery: "Always" },
    cluster: { imageVolumes: false },
    want: { spec: { volumes: [{ image: { reference: "agent:1" } }, {}] } },
  },
  {
    name: "an identity token is a file that the kubelet renews, and where it is stands in a variable",
    spec: {
      identityToken: { audience: "sts.example.com", expirationSeconds: 900, envName: "TOKEN" },
      env: [{ name: "A", value: "b" }],
    },
    want: {
      spec: {
        automountServiceAccountToken: false,
        volumes: [
          { name: "sandkeep-bin" },
          { name: "sandkeep-run" },
          {
            name: "sandkeep-identity",
            projected: {
              sources: [
                { serviceAccountToken: { audience: "sts.example.com", expirationSeconds: 900, path: "token" } },
              ],
            },
          },
        ],
        containers: [
          {
            env: [
              { name: "TOKEN_FILE", value: "/var/run/secrets/sandkeep.dev/identity/token" },
              { name: "A", value: "b" },
            ],
            volumeMounts: [
              { name: "sandkeep-bin" },
              { name: "sandkeep-run" },
              { name: "sandkeep-identity", mountPath: "/var/run/secrets/sandkeep.dev/identity", readOnly: true },
            ],
          },
        ],
      },
    },
  },
  {
    name: "volumes are those of the sandbox besides the agent's",
    spec: {
      volumes: [
        { name: "data", mountPath: "/data", subPath: "a", persistentVolumeClaim: { claimName: "cache" } },
        { name: "keys", mountPath: "/keys", readOnly: true, secret: { secretName: "login", defaultMode: 256 } },
      ],
    },
    want: {
      spec: {
        volumes: [
          { name: "sandkeep-bin" },
          { name: "sandkeep-run" },
          { name: "data", persistentVolumeClaim: { claimName: "cache" } },
          { name: "keys", secret: { secretName: "login", defaultMode: 256 } },
        ],
        containers: [
          {
            volumeMounts: [
              { name: "sandkeep-bin" },
              { name: "sandkeep-run" },
              { name: "data", mountPath: "/data", subPath: "a" },
              { name: "keys", mountPath: "/keys", readOnly: true },
            ],
          },
        ],
      },
    },
  },
  {
    name: "the class chooses runtime, priority, account and nodes, and its labels win",
    spec: { placement: { nodeSelector: { pool: "mine", disk: "ssd" }, regions: ["eu"] } },
    classSpec: {
      runtimeClassName: "gvisor",
      priorityClassName: "low",
      serviceAccountName: "sandbox",
      nodeSelector: { pool: "sandboxes" },
      tolerations: [{ key: "sandboxes", operator: "Exists" }],
    },
    want: {
      spec: {
        runtimeClassName: "gvisor",
        priorityClassName: "low",
        serviceAccountName: "sandbox",
        nodeSelector: { pool: "sandboxes", disk: "ssd" },
        tolerations: [{ key: "sandboxes", operator: "Exists" }],
      },
    },
  },
  {
    name: "pull secrets of sandbox and class add up",
    spec: { imagePullSecrets: [{ name: "a" }] },
    classSpec: { imagePullSecrets: [{ name: "b" }] },
    want: { spec: { imagePullSecrets: [{ name: "a" }, { name: "b" }] } },
  },
];

describe("podFor", () => {
  test.each(rows)("$name", ({ spec, classSpec, cluster, want }) => {
    expect(build(spec, classSpec, cluster)).toMatchObject(want);
  });

  test.each<[source: string, volume: object]>([
    ["a claim", { persistentVolumeClaim: { claimName: "data" } }],
    ["an NFS export", { nfs: { server: "nfs.example.com", path: "/exports/data" } }],
    [
      "an inline volume of a CSI driver",
      {
        csi: {
          driver: "bucket.example.com",
          fsType: "ext4",
          readOnly: true,
          volumeAttributes: { bucket: "b" },
          nodePublishSecretRef: { name: "login" },
        },
      },
    ],
    ["a Secret", { secret: { secretName: "s", items: [{ key: "k", path: "p", mode: 256 }], optional: true } }],
    ["a ConfigMap", { configMap: { name: "c", defaultMode: 292 } }],
    ["an image", { image: { reference: "data:1" } }],
    ["an empty directory", { emptyDir: { medium: "Memory", sizeLimit: "1Gi" } }],
  ])("a volume of %s is that of the Pod", (_what, source) => {
    const mount = { name: "v", mountPath: "/v", readOnly: true, subPath: "a/b" };
    const pod = build({ volumes: [{ ...mount, ...source }] });
    expect(pod.spec?.volumes?.at(-1)).toEqual({ name: "v", ...source });
    expect(containerOf(pod).volumeMounts?.at(-1)).toEqual(mount);
  });

  test("the agent knows the token, and the volumes whose contents others see", () => {
    const sandbox = aSandbox({
      identityToken: { audience: "a" },
      volumes: [
        { name: "a", mountPath: "/claim", persistentVolumeClaim: { claimName: "data" } },
        { name: "b", mountPath: "/scratch", emptyDir: {} },
        { name: "c", mountPath: "/export", nfs: { server: "s", path: "/" } },
      ],
    });
    const [, , , config = ""] = containerOf(podFor(sandbox, inputs)).command ?? [];
    expect(JSON.parse(config)).toMatchObject({
      identity: { variable: "SANDKEEP_IDENTITY_TOKEN", file: "/var/run/secrets/sandkeep.dev/identity/token" },
      volumes: ["/claim", "/export"],
    });
  });

  test("a root shell has the capabilities of Pod Security baseline and no raw sockets", () => {
    const security = containerOf(build()).securityContext;
    expect(security?.allowPrivilegeEscalation).toBe(false);
    expect(security?.capabilities?.drop).toEqual(["ALL"]);
    expect(security?.capabilities?.add).toContain("CHOWN");
    expect(security?.capabilities?.add).not.toContain("NET_RAW");
    expect(security?.capabilities?.add).not.toContain("MKNOD");
  });

  test("the profile Restricted has none and is never root", () => {
    const security = containerOf(build({}, { profile: "Restricted" })).securityContext;
    expect(security).toMatchObject({ runAsNonRoot: true, capabilities: { drop: ["ALL"] } });
    expect(security?.capabilities?.add).toBeUndefined();
  });

  test("there is no user namespace where nodes lack it, or a class wants none", () => {
    expect(build({}, {}, { userNamespaces: new Set() }).spec?.hostUsers).toBeUndefined();
    expect(build({}, { hostUsers: "Always" }).spec?.hostUsers).toBeUndefined();
    expect(build({}, { runtimeClassName: "gvisor" }).spec?.hostUsers).toBeUndefined();
    expect(build({}, { hostUsers: "Never" }, { userNamespaces: new Set() }).spec?.hostUsers).toBe(false);
  });

  test("labels and annotations reach the Pod only when the class lets them, and never replace the operator's", () => {
    const sandbox = aSandbox();
    sandbox.metadata.labels = { team: "red", other: "1", "sandkeep.dev/network": "forged" };
    const propagate = ["team", "sandkeep.dev/network"];
    const pod = podFor(sandbox, { ...inputs, sandboxClass: aClass({ propagate }).spec, appLabels: { stage: "test" } });
    expect(pod.metadata.labels).toMatchObject({ team: "red", stage: "test", "sandkeep.dev/network": "x" });
    expect(pod.metadata.labels).not.toHaveProperty("other");
  });

  test("the agent runs the command and knows the sandbox's limits and probe", () => {
    const times = { timeoutSeconds: 60, idleTimeoutSeconds: 30 };
    const sandbox = aSandbox({ command: ["python", "-c"], args: ["1"], ...times, tty: true });
    const probe = { tcp: { port: 80 }, intervalMilliseconds: 100, timeoutSeconds: 300 };
    const [agent, init, flag, config = "", ...rest] = containerOf(podFor(sandbox, { ...inputs, probe })).command ?? [];
    expect([agent, init, flag]).toEqual(["/.sandkeep/bin/agent", "init", "--config"]);
    expect(JSON.parse(config)).toEqual({
      ...times,
      terminationGracePeriodSeconds: 0,
      tty: true,
      lingerSeconds: 0,
      readiness: probe,
    });
    expect(rest).toEqual(["--", "python", "-c", "1"]);
  });

  test("the agent is told what its policy denies, where nothing may start before that is so", () => {
    const [, , , config = ""] =
      containerOf(podFor(aSandbox(), { ...inputs, deniedAddresses: ["10.0.0.1:6443"] })).command ?? [];
    expect(JSON.parse(config)).toMatchObject({ deniedAddresses: ["10.0.0.1:6443"] });
  });

  test("an image that was looked up runs as it was then, its ENTRYPOINT before the arguments", () => {
    const found: FoundImage = { kind: "found", digest: "sha256:00", entrypoint: ["/tini", "--"] };
    const container = containerOf(podFor(aSandbox({ args: ["serve"] }), { ...inputs, found }));
    expect(container.image).toBe("busybox@sha256:00");
    expect(container.command?.slice(4)).toEqual(["--", "/tini", "--", "serve"]);
  });

  test("a probe's command reaches the agent without the expansion that Kubernetes gives a container's command", () => {
    const probe = {
      exec: { command: ["sh", "-c", "echo $$ $(HOME)"] },
      intervalMilliseconds: 100,
      timeoutSeconds: 300,
    };
    const [, , , config = ""] = containerOf(podFor(aSandbox(), { ...inputs, probe })).command ?? [];
    expect(config).not.toContain("$");
    expect(JSON.parse(config)).toMatchObject({ readiness: probe });
  });
});

const inputs = {
  sandboxClass: aClass().spec,
  probe: undefined,
  facts,
  agentImage: "agent:1",
  network: "x",
  appLabels: {},
};

function build(spec?: SandboxSpecInput, classSpec: object = {}, cluster: Partial<typeof facts> = {}): Pod {
  return podFor(aSandbox(spec), { ...inputs, sandboxClass: aClass(classSpec).spec, facts: { ...facts, ...cluster } });
}

function containerOf(pod: Pod): NonNullable<Pod["spec"]>["containers"][number] {
  const container = pod.spec?.containers[0];
  if (container === undefined) throw new Error("The Pod has no container");
  return container;
}
