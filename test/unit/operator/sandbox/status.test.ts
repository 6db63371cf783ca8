import { describe, expect, test } from "vitest";
import type { SandboxStatus } from "../../../../src/api/sandbox.ts";
import { classTermAnnotations } from "../../../../src/operator/sandbox/class-terms.ts";
import { annotations } from "../../../../src/operator/names.ts";
import { limitAnnotations } from "../../../../src/operator/sandbox/limits.ts";
import type { Observed } from "../../../../src/operator/sandbox/observed.ts";
import { sandboxStatus } from "../../../../src/operator/sandbox/status.ts";
import { aClass, ago, aPod, aSandbox, facts, now, observed, terminated, waiting } from "../builders.ts";

const at = "2026-11-21T10:00:00.000000Z";
const running = { running: { startedAt: ago(1) } };
const kept = { timeoutSeconds: 300, idleTimeoutSeconds: 0 };
const probe = { tcp: { port: 80 } };
const started: SandboxStatus = { phase: "Started", scheduledAt: ago(9), startedAt: ago(8) };

interface Row {
  name: string;
  observed: Partial<Observed>;
  want: Partial<SandboxStatus>;
  /** Conditions as `Type=Status/Reason`, in order. */
  conditions?: string[];
}

/** On a node that has not set its volumes up since then. */
function withSecretVolume(scheduledAt: string): Partial<Observed> {
  const volumes = [{ name: "v", mountPath: "/v", secret: { secretName: "keys" } }];
  const sandbox = aSandbox({ volumes }, { phase: "Scheduled", scheduledAt });
  const conditions = [{ type: "PodReadyToStartContainers", status: "False" }];
  return { sandbox, pod: aPod({ node: "a", state: waiting("ContainerCreating"), conditions }, sandbox) };
}

const rows: Row[] = [
  {
    name: "a new sandbox is Created",
    observed: {},
    want: { phase: "Created", observedGeneration: 1 },
    conditions: ["Scheduled=False/Pending", "Started=False/Pending", "Ready=False/NotStarted"],
  },
  {
    name: "a Pod with a node is Scheduled",
    observed: { pod: aPod({ node: "a", state: waiting("ContainerCreating") }) },
    want: { phase: "Scheduled", scheduledAt: at, nodeName: "a", podName: "s" },
    conditions: ["Scheduled=True/Scheduled", "Started=False/Pending", "Ready=False/NotStarted"],
  },
  {
    name: "what keeps an image away is shown",
    observed: { pod: aPod({ node: "a", state: waiting("ErrImagePull", "dial tcp: timeout") }) },
    want: { phase: "Scheduled" },
    conditions: ["Scheduled=True/Scheduled", "Started=False/ErrImagePull", "Ready=False/NotStarted"],
  },
  {
    name: "what the scheduler waits for is named as an object",
    observed: {
      pod: aPod({
        conditions: [
          {
            type: "PodScheduled",
            status: "False",
            reason: "Unschedulable",
            message: '0/1 nodes are available: persistentvolumeclaim "data" not found.',
          },
        ],
      }),
    },
    want: { phase: "Created" },
    conditions: ["Scheduled=False/ClaimNotFound", "Started=False/Pending", "Ready=False/NotStarted"],
  },
  {
    name: "what a container waits for is named as an object",
    observed: { pod: aPod({ node: "a", state: waiting("CreateContainerConfigError", 'secret "keys" not found') }) },
    want: { phase: "Scheduled" },
    conditions: ["Scheduled=True/Scheduled", "Started=False/SecretNotFound", "Ready=False/NotStarted"],
  },
  {
    name: "volumes that a node is setting up are no news",
    observed: withSecretVolume(ago(2)),
    want: { phase: "Scheduled" },
    conditions: ["Scheduled=True/Scheduled", "Started=False/Pending", "Ready=False/NotStarted"],
  },
  {
    name: "volumes that take long are shown with what they need",
    observed: withSecretVolume(ago(4)),
    want: { phase: "Scheduled" },
    conditions: ["Scheduled=True/Scheduled", "Started=False/VolumesPending", "Ready=False/NotStarted"],
  },
  {
    name: "without a probe a started sandbox is ready",
    observed: { pod: aPod({ node: "a", phase: "Running", state: running }) },
    want: { phase: "Started", scheduledAt: at, startedAt: at, image: "busybox@sha256:1" },
    conditions: ["Scheduled=True/Scheduled", "Started=True/Started", "Ready=True/NoProbe"],
  },
  {
    name: "times are written once",
    observed: {
      sandbox: aSandbox({}, started),
      pod: aPod({ node: "a", phase: "Running", state: running }),
    },
    want: { scheduledAt: ago(9), startedAt: ago(8) },
  },
  {
    name: "with a probe a started sandbox is being probed",
    observed: {
      sandbox: aSandbox({ readinessProbe: probe }, started),
      pod: aPod({ node: "a", phase: "Running", state: running }),
    },
    want: { phase: "Started" },
    conditions: ["Scheduled=True/Scheduled", "Started=True/Started", "Ready=False/Probing"],
  },
  {
    name: "a probe that succeeded makes it Ready",
    observed: {
      sandbox: aSandbox({ readinessProbe: probe }, started),
      pod: aPod({ node: "a", phase: "Running", state: running }),
      readiness: { state: "ready", message: "" },
    },
    want: { phase: "Ready", readyAt: at },
    conditions: ["Scheduled=True/Scheduled", "Started=True/Started", "Ready=True/ProbeSucceeded"],
  },
  {
    name: "a probe that timed out leaves it running",
    observed: {
      sandbox: aSandbox({ readinessProbe: probe }, started),
      pod: aPod({ node: "a", phase: "Running", state: running }),
      readiness: { state: "failed", message: "refused" },
    },
    want: { phase: "Started" },
    conditions: ["Scheduled=True/Scheduled", "Started=True/Started", "Ready=False/ProbeTimedOut"],
  },
  {
    name: "a sandbox seen first when it has ended has all its times",
    observed: { pod: aPod({ node: "a", phase: "Succeeded", state: terminated(0, '{"reason":"Completed"}') }) },
    want: { phase: "Finished", reason: "Completed", exitCode: 0, scheduledAt: at, startedAt: at, finishedAt: at },
    conditions: ["Scheduled=True/Scheduled", "Started=True/Started", "Finished=True/Completed"],
  },
  {
    name: "a failure of set-up is Stalled and was never Started",
    observed: { pod: aPod({ node: "a", state: waiting("InvalidImageName") }) },
    want: { phase: "Finished", reason: "ImageUnavailable" },
    conditions: [
      "Scheduled=True/Scheduled",
      "Started=False/InvalidImageName",
      "Finished=True/ImageUnavailable",
      "Stalled=True/ImageUnavailable",
    ],
  },
  {
    name: "a sandbox deleted before it had a Pod, and kept by a finalizer, is Terminated",
    observed: { sandbox: { ...aSandbox(), metadata: { ...aSandbox().metadata, deletionTimestamp: ago(1) } } },
    want: { phase: "Finished", reason: "Terminated", exitCode: 137 },
  },
  {
    name: "a sandbox terminated before it had a Pod is Terminated",
    observed: { sandbox: aSandbox({ desiredState: "Terminated" }) },
    want: { phase: "Finished", reason: "Terminated", exitCode: 137 },
  },
  {
    name: "a Pod that was seen and is gone is PodDeleted",
    observed: { sandbox: aSandbox({}, started) },
    want: { phase: "Finished", reason: "PodDeleted", exitCode: 137 },
  },
  {
    name: "an unsupported field is Rejected, and Stalled says which",
    observed: { sandbox: aSandbox({ experimental: { x: "true" } }) },
    want: { phase: "Finished", reason: "Rejected" },
    conditions: [
      "Scheduled=False/Pending",
      "Started=False/Pending",
      "Finished=True/Rejected",
      "Stalled=True/NotSupported",
    ],
  },
  {
    name: "a full quota is a condition",
    observed: { refusal: { final: false, retryAfter: 1, reason: "QuotaExceeded", message: "exceeded quota" } },
    want: { phase: "Created" },
    conditions: ["Scheduled=False/QuotaExceeded", "Started=False/Pending", "Ready=False/NotStarted"],
  },
  {
    name: "a quota that stays full ends as Unschedulable",
    observed: {
      sandbox: aSandbox({}, undefined, ago(600)),
      refusal: { final: false, retryAfter: 1, reason: "QuotaExceeded", message: "exceeded quota" },
    },
    want: { phase: "Finished", reason: "Unschedulable", message: "exceeded quota" },
  },
  {
    name: "a raised timeout counts as observed once the agent keeps it",
    observed: {
      sandbox: aSandbox({ timeoutSeconds: 600 }, { ...started, observedGeneration: 0 }),
      pod: aPod({ node: "a", phase: "Running", state: running }, aSandbox({ timeoutSeconds: 300 })),
    },
    want: { phase: "Started", observedGeneration: 0 },
    conditions: ["Scheduled=True/Scheduled", "Started=True/Started", "Ready=True/NoProbe"],
  },
  {
    name: "a raised timeout that the agent keeps is observed",
    observed: {
      sandbox: aSandbox({ timeoutSeconds: 600 }, { ...started, observedGeneration: 0 }),
      pod: aPod({ node: "a", phase: "Running", state: running }, aSandbox({ timeoutSeconds: 300 })),
      limits: { timeoutSeconds: 600, idleTimeoutSeconds: 0 },
    },
    want: { phase: "Started", observedGeneration: 1 },
  },
  {
    name: "that it is to end is observed with its end, which is one write less",
    observed: {
      sandbox: aSandbox({ desiredState: "Terminated" }, { ...started, observedGeneration: 0 }),
      pod: aPod({ node: "a", phase: "Running", state: running }),
    },
    want: { phase: "Started", observedGeneration: 0 },
  },
  {
    name: "a timeout raised above what the class allowed is said and has no effect",
    observed: {
      sandbox: aSandbox({ timeoutSeconds: 600 }, started),
      pod: aPod(
        {
          node: "a",
          phase: "Running",
          state: running,
          metadata: { annotations: { ...limitAnnotations(kept), [annotations.maxTimeoutSeconds]: "599" } },
        },
        aSandbox({ timeoutSeconds: 300 }),
      ),
    },
    want: { phase: "Started", observedGeneration: 1 },
    conditions: ["Scheduled=True/Scheduled", "Started=True/Started", "Ready=True/NoProbe", "Stalled=True/ClassLimit"],
  },
  {
    name: "limits that the agent does not take are said",
    observed: {
      sandbox: aSandbox({ timeoutSeconds: 600 }, { ...started, observedGeneration: 0 }),
      pod: aPod({ node: "a", phase: "Running", state: running }, aSandbox({ timeoutSeconds: 300 })),
      limitsMute: true,
    },
    want: { phase: "Started", observedGeneration: 0 },
    conditions: [
      "Scheduled=True/Scheduled",
      "Started=True/Started",
      "Ready=True/NoProbe",
      "Stalled=True/LimitsNotKept",
    ],
  },
  {
    name: "an allow-list that is asked for while it runs and cannot take effect is said",
    observed: {
      sandbox: aSandbox({ network: { outbound: { domains: ["example.com"] } } }, started),
      pod: aPod({ node: "a", phase: "Running", state: running }),
    },
    want: { phase: "Started" },
    conditions: ["Scheduled=True/Scheduled", "Started=True/Started", "Ready=True/NoProbe", "Stalled=True/NotSupported"],
  },
  {
    name: "what a class asks for anew says nothing about sandboxes that run",
    observed: {
      sandbox: aSandbox({}, started),
      sandboxClass: aClass({ podPatch: { spec: {} } }),
      pod: aPod({ node: "a", phase: "Running", state: running }),
    },
    want: { phase: "Started" },
    conditions: ["Scheduled=True/Scheduled", "Started=True/Started", "Ready=True/NoProbe"],
  },
];

describe("sandboxStatus", () => {
  test.each(rows)("$name", ({ observed: parts, want, conditions }) => {
    const status = sandboxStatus(observed(parts), now);
    expect(status).toMatchObject(want);
    if (conditions !== undefined) {
      expect(status.conditions?.map(({ type, status, reason }) => `${type}=${status}/${reason}`)).toEqual(conditions);
    }
  });

  test("an end is final", () => {
    const end: SandboxStatus = { phase: "Finished", reason: "Completed", exitCode: 0, finishedAt: ago(5) };
    const parts = { sandbox: aSandbox({}, end), pod: aPod({ node: "a", state: terminated(1) }) };
    expect(sandboxStatus(observed(parts), now)).toEqual({ ...end, observedGeneration: 1 });
  });

  test("the same observation gives the same status later, so that nothing is written", () => {
    const pod = aPod({ node: "a", phase: "Running", state: running });
    const first = sandboxStatus(observed({ pod }), now);
    const later = new Date(now.getTime() + 10_000);
    expect(sandboxStatus(observed({ sandbox: aSandbox({}, first), pod }), later)).toEqual(first);
  });

  test("a Pod of which the scheduler has said nothing is no news", () => {
    const first = sandboxStatus(observed(), now);
    expect(
      sandboxStatus(observed({ sandbox: aSandbox({}, first), pod: aPod() }), new Date(now.getTime() + 1000)),
    ).toEqual(first);
  });

  test("a condition keeps its time until its status changes", () => {
    const first = sandboxStatus(observed(), now);
    const later = new Date(now.getTime() + 10_000);
    const pod = aPod({ node: "a" });
    const second = sandboxStatus(observed({ sandbox: aSandbox({}, first), pod, sandboxClass: aClass() }), later);
    const times = Object.fromEntries((second.conditions ?? []).map((c) => [c.type, c.lastTransitionTime]));
    expect(times).toEqual({
      Scheduled: "2026-11-21T10:00:10Z",
      Started: "2026-11-21T10:00:00Z",
      Ready: "2026-11-21T10:00:00Z",
    });
  });
});

describe("tunnels", () => {
  const sandbox = aSandbox({ tunnels: [{ port: 80 }, { port: 5432, protocol: "TCP" }] });
  const opening = { kind: "open", unencrypted: new Map([[5432, 30_500]]) } as const;
  const pod = aPod({ node: "n1", phase: "Running", state: { running: { startedAt: ago(1) } } }, sandbox);

  test("are told once the network leads to the Pod, and stay as they are", () => {
    expect(sandboxStatus(observed({ sandbox, pod }), now).tunnels).toBeUndefined();
    const status = sandboxStatus(observed({ sandbox, pod, opening }), now);
    const [web = "", database = ""] = (status.tunnels ?? []).map(({ host }) => host);
    expect(status.tunnels).toEqual([
      { containerPort: 80, host: web, port: 443, url: `https://${web}` },
      {
        containerPort: 5432,
        host: database,
        port: 443,
        url: `https://${database}`,
        unencryptedHost: database,
        unencryptedPort: 30_500,
      },
    ]);
    const moved = aClass({ tunnels: { domain: "elsewhere.example" } });
    const later = sandboxStatus(observed({ sandbox: { ...sandbox, status }, pod, sandboxClass: moved }), now);
    expect(later.tunnels).toEqual(status.tunnels);
  });

  test.each([
    ["the sandbox's", { customDomain: "Own.Example" }, { domain: "class.example" }, "own.example"],
    ["the class's", {}, { domain: "class.example" }, "class.example"],
    ["the gateway's", {}, undefined, "tunnels.example"],
  ])("are below %s domain", (_, spec, tunnels, domain) => {
    const sandbox = aSandbox({ tunnels: [{ port: 80 }], ...spec });
    const status = sandboxStatus(
      observed({ sandbox, pod, opening, sandboxClass: aClass(tunnels && { tunnels }) }),
      now,
    );
    expect(status.tunnels?.[0]?.host?.split(".").slice(1).join(".")).toBe(domain);
  });

  test("are told anew with another port when an older sandbox has it", () => {
    const told = { ...sandbox, status: sandboxStatus(observed({ sandbox, pod, opening }), now) };
    const contested = { sandbox: told, pod, portContested: true };
    expect(sandboxStatus(observed(contested), now).tunnels).toBeUndefined();
    const other = { kind: "open", unencrypted: new Map([[5432, 30_501]]) } as const;
    const { tunnels } = sandboxStatus(observed({ ...contested, opening: other }), now);
    expect(tunnels?.map(({ unencryptedPort }) => unencryptedPort)).toEqual([undefined, 30_501]);
  });

  test("that wait for a port say so", () => {
    const status = sandboxStatus(observed({ sandbox, pod, opening: { kind: "waiting", message: "All in use." } }), now);
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: "Stalled", reason: "NoTunnelPort", message: "All in use." }),
    );
  });

  describe("in mode Ingress", () => {
    const sandboxClass = aClass({ tunnels: { mode: "Ingress", domain: "class.example" } });
    const annotations = classTermAnnotations(sandboxClass.spec, facts);
    const running = { node: "n1", phase: "Running", state: { running: { startedAt: ago(1) } } };
    const pod = aPod({ ...running, metadata: { annotations } }, sandbox);
    const routed = { kind: "routed" as const, addresses: [{ containerPort: 80, url: "https://x" }] };
    const missing = { kind: "missing", message: "Ingress x has no address yet." } as const;

    function toldWith(parts: Partial<Observed>): SandboxStatus["tunnels"] {
      return sandboxStatus(observed({ sandbox, sandboxClass, pod, ...parts }), now).tunnels;
    }

    test("are told once an Ingress leads to them, and the network to the Pod", () => {
      expect(toldWith({ opening })).toBeUndefined();
      expect(toldWith({ route: routed })).toBeUndefined();
      expect(toldWith({ opening, route: missing })).toBeUndefined();
      expect(toldWith({ opening, route: routed })).toEqual(routed.addresses);
    });

    test.each([
      [9, undefined],
      [10, "Ingress x has no address yet."],
    ])("%i s after the start that there is none is told as %j", (seconds, message) => {
      const started = {
        ...sandbox,
        status: { phase: "Started", scheduledAt: ago(seconds), startedAt: ago(seconds) } as const,
      };
      const { conditions } = sandboxStatus(
        observed({ sandbox: started, sandboxClass, pod, opening, route: missing }),
        now,
      );
      expect(conditions?.find(({ type }) => type === "Stalled")?.message).toBe(message);
    });

    test("that cannot be changed say so, also once they have been told", () => {
      const status = { phase: "Started", scheduledAt: ago(60), startedAt: ago(60), tunnels: routed.addresses } as const;
      const told = { ...sandbox, status };
      const route = { kind: "missing", message: "admission denied it" } as const;
      const { conditions } = sandboxStatus(observed({ sandbox: told, sandboxClass, pod, opening, route }), now);
      expect(conditions?.find(({ type }) => type === "Stalled")).toMatchObject({
        reason: "NoRoute",
        message: "admission denied it",
      });
    });

    test("that can no longer be held to who is to be let in say so", () => {
      const network = { inbound: { cidrs: ["192.0.2.0/24"] } };
      const changed = { ...sandbox, spec: { ...sandbox.spec, network } };
      const { conditions } = sandboxStatus(observed({ sandbox: changed, sandboxClass, pod }), now);
      expect(conditions?.find(({ type }) => type === "Stalled")).toMatchObject({
        reason: "NotSupported",
        message: expect.stringContaining("cannot be held to without tunnels.inboundAnnotation"),
      });
    });
  });

  test("end with the sandbox", () => {
    const told = { ...sandbox, status: sandboxStatus(observed({ sandbox, pod, opening }), now) };
    const ended = aPod({ node: "n1", phase: "Succeeded", state: terminated(0) }, sandbox);
    expect(sandboxStatus(observed({ sandbox: told, pod: ended }), now)).toMatchObject({ phase: "Finished" });
    expect(sandboxStatus(observed({ sandbox: told, pod: ended }), now).tunnels).toBeUndefined();
  });
});
