import { afterAll, beforeAll, expect, test } from "vitest";
import { newTenant, small, type Tenant } from "./tenant.ts";

let tenant: Tenant;
beforeAll(async () => {
  tenant = await newTenant();
});
afterAll(() => tenant[Symbol.asyncDispose]());

function claimed(volume: string) {
  return { name: "data", mountPath: "/data", persistentVolumeClaim: { claimName: volume } };
}

/** Runs a script in a new sandbox with the volume at /data, to its end; answers what it wrote. */
async function runWith(volume: string, script: string, readOnly = false): Promise<string> {
  const data = { ...claimed(volume), readOnly };
  const spec = { ...small, image: "busybox:stable", command: ["sleep", "3600"], volumes: [data] };
  const { id } = await tenant.gateway.create({ spec }, "started");
  const { stdout, stderr } = await tenant.gateway.exec(id, { command: ["sh", "-c", script] });
  await tenant.gateway.send("POST", `/sandboxes/${id}/terminate?wait=true`);
  return stdout + stderr;
}

test("a volume made by name is one sandbox's after another's, and goes with all it holds", async () => {
  expect(await tenant.gateway.send("PUT", "/volumes/models", {})).toMatchObject({
    status: 201,
    json: { phase: "Pending", storageClassName: "standard" },
  });
  expect(await runWith("models", "echo weights > /data/model && echo written")).toBe("written\n");
  expect((await tenant.gateway.send("GET", "/volumes/models")).json).toMatchObject({ phase: "Bound" });
  expect((await tenant.gateway.send("PUT", "/volumes/models", {})).status).toBe(200);
  expect(await runWith("models", "cat /data/model; echo x > /data/model", true)).toMatch(/^weights\n.*Read-only/s);
  expect(await runWith("models", "cat /data/model")).toBe("weights\n");

  const writer = await tenant.gateway.create(
    { spec: { ...small, image: "busybox:stable", volumes: [claimed("models")] } },
    "started",
  );
  await tenant.gateway.exec(writer.id, { command: ["sh", "-c", "echo more > /data/more"] });
  const reload = `/sandboxes/${writer.id}/volumes/reload`;
  expect(await tenant.gateway.send("POST", reload)).toMatchObject({ status: 204 });
  expect(await tenant.gateway.send("POST", `${reload}?timeoutSeconds=no`)).toMatchObject({ status: 400 });
  expect(await runWith("models", "cat /data/more")).toBe("more\n");
  await tenant.gateway.send("POST", `/sandboxes/${writer.id}/terminate?wait=true`);

  const volume = (await tenant.kubectl(["get", "pvc", "models", "-o", "jsonpath={.spec.volumeName}"])).trim();
  expect((await tenant.gateway.send("DELETE", "/volumes/models")).status).toBe(204);
  await expect
    .poll(async () => (await tenant.gateway.send("GET", "/volumes/models")).status, { timeout: 120_000 })
    .toBe(404);
  await tenant.kubectl(["wait", "--for=delete", `persistentvolume/${volume}`, "--timeout=120s"]);
});
