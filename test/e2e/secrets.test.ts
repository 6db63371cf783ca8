import { expect, inject, test } from "vitest";
import { kubectl } from "../support/installed.ts";
import { newTenant, small } from "./tenant.ts";

const installed = inject("installed");

test("neither tokens nor environments nor input reach the logs of operator and gateway", async () => {
  await using tenant = await newTenant();
  const secret = `secret-${tenant.namespace}`;
  const env = { SECRET: `${secret}-env` };
  const { id } = await tenant.gateway.create(
    { spec: { ...small, image: "busybox:stable", env: [{ name: "SECRET", value: `${secret}-spec` }] } },
    "started",
  );
  const stdin = Buffer.from(`${secret}-stdin`).toString("base64");
  await tenant.gateway.exec(id, { command: ["cat", `${secret}-argument`], env, stdin });
  await tenant.gateway.send("POST", `/sandboxes/${id}/exec`, { command: ["nonesuch", `${secret}-argument`], env });
  await tenant.gateway.send("POST", "/sandboxes", `{"spec": {"env": "${secret}-body"`);

  for (const component of ["gateway", "operator"]) {
    const selector = `app.kubernetes.io/component=${component}`;
    const log = ["--namespace", "sandkeep-system", "logs", "--prefix", "--tail=-1", "--selector", selector];
    const logs = await kubectl(installed, log);
    expect(logs).toContain(tenant.namespace);
    expect(logs).not.toContain(secret);
    expect(logs).not.toContain(tenant.token);
    expect(logs).not.toContain(stdin);
  }
});
