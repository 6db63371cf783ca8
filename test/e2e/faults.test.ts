import { afterAll, beforeAll, expect, test } from "vitest";
import { PatientClient } from "../soak/patient-client.ts";
import { killAll, rolledOut, scale } from "./system.ts";
import { newTenant, small, type Tenant } from "./tenant.ts";

let tenant: Tenant;
beforeAll(async () => {
  tenant = await newTenant();
});
afterAll(async () => {
  await rolledOut("operator");
  await tenant[Symbol.asyncDispose]();
});

test("a process and its output survive the gateway that started it", async () => {
  const { id } = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable" } }, "started");
  const command = ["sh", "-c", "i=0; until [ -e /tmp/stop ]; do i=$((i+1)); echo $i; sleep 0.05; done; exit 3"];
  await tenant.gateway.send("POST", `/sandboxes/${id}/processes`, { id: "counter", command });

  const reading = tenant.gateway
    .send("GET", `/sandboxes/${id}/processes/counter/stdout`)
    .catch((error: unknown) => error);
  await killAll("gateway");
  await tenant.gateway.reconnect();
  await reading;
  await rolledOut("gateway");

  const client = new PatientClient(tenant.gateway, id);
  await client.ask({ method: "PUT", path: "/files?path=/tmp/stop", body: "" });
  const { json } = await client.ask({ method: "GET", path: "/processes/counter/exit?wait=8" });
  expect(json).toMatchObject({ code: 3 });
  const lines = (await client.readOutput("/processes/counter/stdout")).toString().trim().split("\n");
  expect(lines).toEqual(lines.map((_, index) => String(index + 1)));
});

test("what happens while no operator runs is recorded by the next one", async () => {
  const ends = await tenant.gateway.create(
    {
      spec: {
        ...small,
        image: "busybox:stable",
        command: ["sh", "-c", "until [ -e /tmp/stop ]; do sleep 0.1; done; exit 5"],
      },
    },
    "started",
  );
  const removed = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable" } }, "started");
  await scale("operator", 0);

  await tenant.gateway.exec(ends.id, { command: ["touch", "/tmp/stop"] });
  await tenant.kubectl(["delete", "pod", removed.id, "--wait=false"]);
  const created = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable", command: ["true"] } });

  await scale("operator", 2);
  const finished = (id: string) => tenant.gateway.get(id, "?wait=finished&timeoutSeconds=240");
  expect((await finished(ends.id)).status).toMatchObject({ reason: "Error", exitCode: 5 });
  expect((await finished(removed.id)).status).toMatchObject({ reason: "PodDeleted" });
  expect((await finished(created.id)).status).toMatchObject({ reason: "Completed", exitCode: 0 });
});

test("sandboxes go on being made when the leader is killed", async () => {
  await killAll("operator");
  const { status } = await tenant.gateway.create(
    { spec: { ...small, image: "busybox:stable", command: ["true"] } },
    "finished",
  );
  expect(status).toMatchObject({ reason: "Completed", exitCode: 0 });
});
