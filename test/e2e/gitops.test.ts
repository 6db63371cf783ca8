import { afterAll, beforeAll, expect, test } from "vitest";
import type { Sandbox } from "../../src/api/sandbox.ts";
import { tool } from "../support/installed.ts";
import { waitFor } from "../support/wait-for.ts";
import { newTenant, type Tenant } from "./tenant.ts";

let tenant: Tenant;
beforeAll(async () => {
  tenant = await newTenant();
});
afterAll(() => tenant[Symbol.asyncDispose]());

/** What the pipeline says of a sandbox. */
function manifest(name: string, spec: object): string {
  const object = { apiVersion: "sandkeep.dev/v1alpha1", kind: "Sandbox", metadata: { name }, spec };
  return JSON.stringify(object);
}

const resources = { requests: { cpu: "10m", memory: "16Mi" } };
const sleeper = { image: "busybox:stable", command: ["sleep", "3600"], resources };

async function get(name: string): Promise<Sandbox> {
  return JSON.parse(await tenant.kubectl(["get", "sandbox", name, "-o", "json"])) as Sandbox;
}

function applyAs(manager: string, object: string): Promise<string> {
  return tenant.kubectl(["apply", "--server-side", `--field-manager=${manager}`, "-f", "-"], object);
}

test.concurrent("two managers who apply different fields again and again change nothing", async () => {
  const platform = manifest("shared", sleeper);
  const pipeline = manifest("shared", { tags: { stage: "test" } });
  await applyAs("platform", platform);
  await applyAs("pipeline", pipeline);
  await tenant.kubectl(["wait", "sandbox/shared", "--for=condition=Ready", "--timeout=120s"]);
  const before = await get("shared");
  expect(before.status?.observedGeneration).toBe(before.metadata.generation);
  for (let round = 0; round < 3; round++) {
    await applyAs("platform", platform);
    await applyAs("pipeline", pipeline);
  }
  expect(await get("shared")).toEqual(before);
  const diff = await tool(
    tenant.installed,
    "kubectl",
    ["-n", tenant.namespace, "diff", "--server-side", "--field-manager=platform", "-f", "-"],
    platform,
  );
  expect(diff).toEqual({ code: 0, stdout: "", stderr: "" });

  await applyAs("pipeline", manifest("shared", { timeoutSeconds: 400 }));
  await expect(applyAs("platform", manifest("shared", { ...sleeper, timeoutSeconds: 500 }))).rejects.toThrow(
    'conflict with "pipeline": .spec.timeoutSeconds',
  );
});

test.concurrent("a finished sandbox is not run again by the next sync, and stays as it is", async () => {
  const object = manifest("job", { image: "busybox:stable", command: ["true"], resources });
  expect(await tenant.kubectl(["apply", "-f", "-"], object)).toContain("created");
  await tenant.kubectl(["wait", "sandbox/job", "--for=condition=Finished", "--timeout=120s"]);
  const before = await get("job");
  expect(before.status).toMatchObject({ phase: "Finished", reason: "Completed", exitCode: 0 });
  expect(before.status?.conditions?.map(({ type }) => type)).not.toContain("Ready");
  expect(await tenant.kubectl(["apply", "-f", "-"], object)).toContain("unchanged");
  await applyAs("argocd-controller", object);
  const after = await get("job");
  expect({ ...after, metadata: before.metadata }).toEqual(before);
  expect(after.metadata.generation).toBe(before.metadata.generation);
});

test.concurrent("a failure of set-up is Stalled, in words", async () => {
  await tenant.kubectl(["apply", "-f", "-"], manifest("broken", { ...sleeper, image: "no/such/image:ever" }));
  await tenant.kubectl(["wait", "sandbox/broken", "--for=condition=Stalled", "--timeout=120s"]);
  expect((await get("broken")).status).toMatchObject({ reason: "ImageUnavailable" });
});

test.concurrent("kubectl describe tells what happened, and delete leaves nothing", async () => {
  await tenant.kubectl(["apply", "-f", "-"], manifest("told", { ...sleeper, app: "shop", name: "cart" }));
  await tenant.kubectl(["wait", "sandbox/told", "--for=condition=Ready", "--timeout=120s"]);
  await waitFor("the Events in its description", async () => {
    const described = await tenant.kubectl(["describe", "sandbox", "told"]);
    return /Events:.*Normal\s+Scheduled\s.*It runs on node .*\n\s+Normal\s+Started\s/s.test(described);
  });
  const table = await tenant.kubectl(["get", "sbx", "-o", "wide", "--field-selector", "spec.app=shop,spec.name=cart"]);
  expect(table.split("\n")[0]?.split(/\s{2,}/)).toEqual([
    "NAME",
    "APP",
    "NAME",
    "PHASE",
    "READY",
    "IMAGE",
    "GPU",
    "EXIT",
    "REASON",
    "AGE",
  ]);
  await tenant.kubectl(["delete", "sandbox", "told", "--timeout=60s"]);
  await tenant.kubectl(["wait", "--for=delete", "pod/told", "--timeout=60s"]);
});

test.each(["sandboxes", "sandboxclasses", "readinessprobes", "sandboxsnapshots", "sandboxapps"])(
  "kubectl explain %s has text for every field",
  async (kind) => {
    for (const part of [kind, `${kind}.spec`, `${kind}.status`]) {
      const text = await tenant.kubectl(["explain", part]);
      expect(text).toMatch(/DESCRIPTION:\n\s+\w/);
      expect(text).not.toContain("<no description>");
    }
  },
);
