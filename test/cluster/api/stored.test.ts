import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { customKinds } from "../../../src/api/kinds.ts";
import type { KubeObject } from "../../../src/api/meta.ts";
import { parseObject } from "../../../src/api/parse.ts";
import { READINESS_PROBE } from "../../../src/api/readiness-probe.ts";
import { SANDBOX, sandboxSpecSchema } from "../../../src/api/sandbox.ts";
import { SANDBOX_SNAPSHOT } from "../../../src/api/snapshot.ts";
import { everySandboxMember } from "../../support/manifests/sandbox.ts";
import { useApiServer, type ApiServer } from "./api-server.ts";

let server: ApiServer;

beforeAll(async () => {
  server = await useApiServer();
});

afterAll(() => server.close());

const at = "2026-01-01T00:00:00.123456Z";
const everyStatusMember = {
  phase: "Finished",
  conditions: [
    { type: "Ready", status: "True", reason: "NoProbe", message: "", lastTransitionTime: at },
    {
      type: "Finished",
      status: "True",
      reason: "Completed",
      message: "",
      lastTransitionTime: at,
      observedGeneration: 1,
    },
  ],
  scheduledAt: at,
  startedAt: at,
  readyAt: at,
  finishedAt: at,
  exitCode: 0,
  reason: "Completed",
  message: "The entrypoint exited with 0",
  podName: "a",
  nodeName: "node-1",
  image: "docker.io/library/busybox@sha256:" + "0".repeat(64),
  pool: "warm",
  tunnels: [{ containerPort: 80, url: "https://a.example.com", host: "a.example.com", port: 443 }],
  observedGeneration: 1,
};

describe("what the API server stores", () => {
  test.each(customKinds)("$kind has a structural schema in force", async (kind) => {
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${kind.plural}.${kind.group}`;
    const { status } = await server.get<{ status: { conditions: { type: string; status: string }[] } }>(path);
    const holding = status.conditions.filter((condition) => condition.status === "True").map(({ type }) => type);
    expect(holding.sort()).toEqual(["Established", "NamesAccepted"]);
  });

  test("has the same defaults as our schema", async () => {
    const name = await server.create(SANDBOX, everySandboxMember);
    const parsed = parseObject(SANDBOX, await server.read(SANDBOX, name));
    expect(parsed).toMatchObject({ ok: true, object: { spec: sandboxSpecSchema.parse(everySandboxMember) } });
  });

  test("has defaults also when a manifest has no spec at all", async () => {
    const name = await server.create(SANDBOX, undefined);
    expect((await server.read(SANDBOX, name)).spec).toEqual(sandboxSpecSchema.parse({}));
  });

  test("keeps every member of the status, which only its subresource writes", async () => {
    const name = await server.create(SANDBOX, {});
    await server.patchStatus(SANDBOX, name, everyStatusMember);
    const stored = await server.read(SANDBOX, name);
    expect(stored.status).toEqual(everyStatusMember);
    expect(parseObject(SANDBOX, stored)).toMatchObject({ ok: true, object: { status: everyStatusMember } });
  });

  test("can be selected by app, name and phase", async () => {
    const app = `app-${process.pid}`;
    const name = await server.create(SANDBOX, { app, name: "one" });
    await server.create(SANDBOX, { app, name: "two" });
    await server.patchStatus(SANDBOX, name, { phase: "Started" });
    expect(await server.select(SANDBOX, `spec.app=${app},spec.name=one`)).toEqual([name]);
    expect(await server.select(SANDBOX, `spec.app=${app},status.phase=Started`)).toEqual([name]);
  });

  test("is shown by kubectl get in the columns of the design", async () => {
    const name = await server.create(SANDBOX, { app: "agents", name: "one", image: "busybox", gpu: ["H100", "any"] });
    await server.patchStatus(SANDBOX, name, { ...everyStatusMember, exitCode: 7 });
    const { columns, cells } = await server.table(SANDBOX, name);
    expect(columns).toEqual(["Name", "App", "Name", "Phase", "Ready", "Image", "GPU", "Exit", "Reason", "Age"]);
    expect(cells.slice(0, -1)).toEqual([name, "agents", "one", "Finished", "True", "busybox", "H100", 7, "Completed"]);
  });

  test.each([
    { kind: SANDBOX_SNAPSHOT, spec: { sandboxName: "a" } },
    { kind: READINESS_PROBE, spec: { tcp: { port: 1 } } },
  ])("$kind.kind is read back as our schema reads it", async ({ kind, spec }) => {
    const name = await server.create(kind, spec);
    expect(parseObject<KubeObject>(kind, await server.read(kind, name)).ok).toBe(true);
  });
});
