import { afterAll, beforeAll, expect, test } from "vitest";
import { READINESS_PROBE, type ReadinessProbe } from "../../../src/api/readiness-probe.ts";
import { SANDBOX, type SandboxSpecInput } from "../../../src/api/sandbox.ts";
import { type SandboxClass, SANDBOX_CLASS } from "../../../src/api/sandbox-class.ts";
import { CONFIG_MAP, PERSISTENT_VOLUME_CLAIM, POD, RESOURCE_QUOTA, SECRET } from "../../../src/kube/objects.ts";
import { waitFor } from "../../support/wait-for.ts";
import { operatorWorld, type OperatorWorld, small } from "./world.ts";

let world: OperatorWorld;
beforeAll(async () => {
  world = await operatorWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

interface Row {
  name: string;
  id: string;
  spec: SandboxSpecInput;
  want: object;
  says: RegExp;
  stalled?: string;
  /** The container ran, so its log can be read for a while. */
  keepsPod?: boolean;
}

const rows: Row[] = [
  {
    name: "an image that does not exist",
    id: "no-image",
    spec: { ...small, image: "registry.example/nothing:1", command: ["true"] },
    want: { reason: "ImageUnavailable" },
    says: /registry\.example\/nothing:1.*name and tag/,
    stalled: "ImageUnavailable",
  },
  {
    name: "a command that does not exist",
    id: "no-command",
    spec: { ...small, command: ["/no/such/program"] },
    want: { reason: "StartError" },
    says: /no\/such\/program/,
    stalled: "StartError",
    keepsPod: true,
  },
  {
    name: "a field whose behaviour is not built",
    id: "unsupported",
    spec: { ...small, experimental: { fast: "yes" } },
    want: { reason: "Rejected" },
    says: /spec\.experimental .* is not supported/,
    stalled: "NotSupported",
  },
  {
    name: "more memory than the limit",
    id: "memory",
    spec: {
      ...small,
      resources: { ...small.resources, limits: { memory: "32Mi" } },
      command: ["sh", "-c", "x=0123456789abcdef; while true; do x=$x$x; done"],
    },
    want: { reason: "OutOfMemory", exitCode: 137 },
    says: /32Mi/,
  },
];

test.each(rows)("$name ends as Finished and says what to do", async ({ id, spec, want, says, stalled, keepsPod }) => {
  await world.create(id, spec);
  const { status } = await world.reaches(id, "Finished");
  expect(status).toMatchObject(want);
  expect(status?.message).toMatch(says);
  const conditions = status?.conditions ?? [];
  expect(conditions.find(({ type }) => type === "Stalled")?.reason).toBe(stalled);
  expect(conditions.some(({ type }) => type === "Ready")).toBe(false);
  if (stalled !== undefined && keepsPod !== true) {
    await waitFor("its Pod to go", async () => (await world.pod(id)) === undefined);
  }
});

test("a Pod that no node can take shows the scheduler's words, then ends as Unschedulable", async () => {
  const className = await world.createClass({ limits: { scheduleSeconds: 5 } });
  await world.create("huge", { ...small, className, resources: { requests: { cpu: "1000" } } });
  const waiting = await waitFor("the scheduler's words", async () => {
    const { status } = await world.get("huge");
    return status?.conditions?.find(({ type, reason }) => type === "Scheduled" && reason === "Unschedulable");
  });
  expect(waiting.message).toMatch(/Insufficient cpu/);
  const { status } = await world.reaches("huge", "Finished");
  expect(status).toMatchObject({ reason: "Unschedulable" });
  expect(status?.message).toMatch(/within 5 s.*Insufficient cpu/);
  await waitFor("its Pod to go", async () => (await world.pod("huge")) === undefined);
});

test("a full quota is a condition, and the sandbox starts once there is room", async () => {
  const { namespace } = world;
  const name = "full";
  await world.kube.create(RESOURCE_QUOTA, { metadata: { name, namespace }, spec: { hard: { pods: "0" } } });
  const pod = {
    metadata: { name: "refused", namespace },
    spec: { containers: [{ name: "c", image: "busybox:stable" }] },
  };
  await waitFor("the quota to count", () =>
    world.kube.create(POD, pod, { dryRun: true }).then(
      () => false,
      (error: unknown) => String(error).includes("exceeded quota"),
    ),
  );
  await world.create("quota", { ...small, command: ["true"] });
  const condition = await waitFor("the condition", async () => {
    const { status } = await world.get("quota");
    return status?.conditions?.find(({ reason }) => reason === "QuotaExceeded");
  });
  expect(condition).toMatchObject({ type: "Scheduled", status: "False" });
  await world.kube.delete(RESOURCE_QUOTA, { name, namespace });
  expect((await world.reaches("quota", "Finished")).status).toMatchObject({ reason: "Completed" });
});

interface LateRow {
  kind: string;
  id: string;
  spec: SandboxSpecInput;
  condition: { type: string; reason: string; message: string };
  arrive: (name: string, namespace: string) => Promise<unknown>;
}

const late: LateRow[] = [
  {
    kind: "SandboxClass",
    id: "late-class",
    spec: { className: "late-class" },
    condition: {
      type: "Scheduled",
      reason: "ClassNotFound",
      message: 'SandboxClass "late-class" does not exist yet.',
    },
    arrive: (name) => world.kube.create(SANDBOX_CLASS, { metadata: { name }, spec: {} } as SandboxClass),
  },
  {
    kind: "ReadinessProbe",
    id: "late-probe",
    spec: { readinessProbeName: "late-probe" },
    condition: {
      type: "Scheduled",
      reason: "ProbeNotFound",
      message: 'ReadinessProbe "late-probe" does not exist yet.',
    },
    arrive: (name, namespace) =>
      world.kube.create(READINESS_PROBE, {
        metadata: { name, namespace },
        spec: { exec: { command: ["true"] } },
      } as ReadinessProbe),
  },
  {
    kind: "Secret",
    id: "late-secret",
    spec: { envFrom: [{ secretRef: { name: "late-secret" } }] },
    condition: { type: "Started", reason: "SecretNotFound", message: 'Secret "late-secret" does not exist yet.' },
    arrive: (name, namespace) => world.kube.create(SECRET, { metadata: { name, namespace } }),
  },
  {
    kind: "ConfigMap",
    id: "late-config",
    spec: { envFrom: [{ configMapRef: { name: "late-config" } }] },
    condition: { type: "Started", reason: "ConfigMapNotFound", message: 'ConfigMap "late-config" does not exist yet.' },
    arrive: (name, namespace) => world.kube.create(CONFIG_MAP, { metadata: { name, namespace } }),
  },
  {
    kind: "Secret of a volume",
    id: "late-volume",
    spec: { volumes: [{ name: "v", mountPath: "/v", secret: { secretName: "late-volume" } }] },
    condition: {
      type: "Started",
      reason: "VolumesPending",
      message: 'Its volumes are not set up yet; they need Secret "late-volume".',
    },
    arrive: (name, namespace) => world.kube.create(SECRET, { metadata: { name, namespace } }),
  },
  {
    kind: "PersistentVolumeClaim",
    id: "late-claim",
    spec: { volumes: [{ name: "v", mountPath: "/v", persistentVolumeClaim: { claimName: "late-claim" } }] },
    condition: {
      type: "Scheduled",
      reason: "ClaimNotFound",
      message: 'PersistentVolumeClaim "late-claim" does not exist yet.',
    },
    arrive: (name, namespace) =>
      world.kube.create(PERSISTENT_VOLUME_CLAIM, {
        metadata: { name, namespace },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } },
      }),
  },
];

test("what a sandbox names is waited for, with a condition that names it, and starts the sandbox", async () => {
  const { kube, namespace } = world;
  try {
    for (const { id, spec } of late) await world.create(id, { ...small, ...spec });
    for (const { id, condition } of late) {
      const seen = await waitFor(`the condition of ${id}`, async () => {
        const { status } = await world.get(id);
        return status?.conditions?.find(({ reason }) => reason === condition.reason);
      });
      expect(seen).toMatchObject({ ...condition, status: "False" });
    }
    for (const { id, arrive } of late) await arrive(id, namespace);
    for (const { id } of late) {
      const started = await waitFor(`${id} to start`, async () => {
        const { status } = await world.get(id);
        return status?.startedAt === undefined && status?.phase !== "Finished" ? undefined : status;
      });
      expect(started.conditions?.find(({ type }) => type === "Started")).toMatchObject({ status: "True" });
    }
  } finally {
    await kube.delete(SANDBOX_CLASS, { name: "late-class" });
  }
});

test("what does not appear within the limits of the class ends the sandbox, and is named", async () => {
  const className = await world.createClass({ limits: { pullSeconds: 2, scheduleSeconds: 2 } });
  const rows: [id: string, spec: SandboxSpecInput, reason: string, says: string][] = [
    ["never-secret", { envFrom: [{ secretRef: { name: "nowhere" } }] }, "StartError", 'Secret "nowhere"'],
    ["never-probe", { readinessProbeName: "nowhere" }, "Rejected", 'ReadinessProbe "nowhere"'],
    [
      "never-claim",
      { volumes: [{ name: "v", mountPath: "/v", persistentVolumeClaim: { claimName: "nowhere" } }] },
      "Unschedulable",
      'PersistentVolumeClaim "nowhere"',
    ],
  ];
  for (const [id, spec] of rows) await world.create(id, { ...small, ...spec, className });
  for (const [id, , reason, says] of rows) {
    const { status } = await world.reaches(id, "Finished");
    expect(status).toMatchObject({ reason, message: expect.stringContaining(says) });
    expect(status?.conditions?.some(({ type }) => type === "Stalled")).toBe(true);
    await waitFor("its Pod to go", async () => (await world.pod(id)) === undefined);
  }
});

test("two sandboxes of one name do not run together, and the name is free again afterwards", async () => {
  await world.create("first", { ...small, name: "only" });
  await world.reaches("first", "Started");
  await world.create("second", { ...small, name: "only" });
  const { status } = await world.reaches("second", "Finished");
  expect(status).toMatchObject({ reason: "NameTaken" });
  expect(status?.message).toContain("first");
  const { namespace } = world;
  await world.kube.mergePatch(SANDBOX, { namespace, name: "first" }, { spec: { desiredState: "Terminated" } });
  await world.reaches("first", "Finished");
  await world.create("third", { ...small, name: "only" });
  await world.reaches("third", "Started");
});
