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

  const logs = await logsOfSystem();
  expect(logs).toContain(tenant.namespace);
  expect(logs).not.toContain(secret);
  expect(logs).not.toContain(tenant.token);
  expect(logs).not.toContain(stdin);
});

test("a process is given Secrets that its user may get, and nothing else shows what they hold", async () => {
  await using tenant = await newTenant();
  const value = (of: string) => `hunter-${tenant.namespace}-${of}`;
  const literals = (of: string) => [`--from-literal=SHARED=${value(of)}`, `--from-literal=${of}.key=${value(of)}`];
  await tenant.kubectl(["create", "secret", "generic", "first", ...literals("first")]);
  await tenant.kubectl(["create", "secret", "generic", "last", ...literals("last")]);
  const { id } = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable" } }, "started");
  const request = {
    id: "with-secrets",
    command: ["env"],
    secrets: ["first", "last"],
    secretValues: { SENT: value("sent"), PLAIN: value("hidden") },
    env: { PLAIN: value("env") },
  };

  const { stdout } = await tenant.gateway.exec(id, request);
  expect(stdout.split("\n")).toEqual(
    expect.arrayContaining([
      `SHARED=${value("last")}`,
      `first.key=${value("first")}`,
      `last.key=${value("last")}`,
      `SENT=${value("sent")}`,
      `PLAIN=${value("env")}`,
    ]),
  );

  const processes = `/sandboxes/${id}/processes`;
  await tenant.kubectl(["patch", "secret", "last", "--patch", JSON.stringify({ stringData: { SHARED: "rotated" } })]);
  expect((await tenant.gateway.send("POST", processes, request)).status).toBe(200);
  const secretValues = { ...request.secretValues, SENT: "other" };
  const other = await tenant.gateway.send("POST", processes, { ...request, secretValues });
  expect(other).toMatchObject({ status: 409, json: { code: "conflict", resource: "process" } });

  const shown = [
    (await tenant.gateway.send("GET", processes)).text,
    other.text,
    await tenant.kubectl(["get", "pods,sandboxes,events", "--output", "yaml"]),
    await logsOfSystem(),
  ];
  expect(shown.join("")).toContain(id);
  for (const text of shown) {
    expect(text).not.toBe("");
    expect(text).not.toContain("hunter");
  }
});

test("a sandbox is given secret values, which nothing but a Secret of its own shows and which go with it", async () => {
  await using tenant = await newTenant();
  const value = (of: string) => `trustno1-${tenant.namespace}-${of}`;
  await tenant.kubectl(["create", "secret", "generic", "base", `--from-literal=SHARED=${value("base")}`]);
  const { id } = await tenant.gateway.create(
    {
      spec: {
        ...small,
        image: "busybox:stable",
        command: ["sh", "-c", "env; sleep 3600"],
        env: [{ name: "PLAIN", value: "env" }],
        envFrom: [{ secretRef: { name: "base" } }],
      },
      secretValues: { SHARED: value("shared"), OWN: value("own"), PLAIN: value("plain") },
    },
    "started",
  );
  const wanted = expect.arrayContaining([`SHARED=${value("shared")}`, `OWN=${value("own")}`, "PLAIN=env"]);
  expect((await tenant.gateway.exec(id, { command: ["env"] })).stdout.split("\n")).toEqual(wanted);
  await expect
    .poll(async () => (await tenant.gateway.send("GET", `/sandboxes/${id}/logs`)).text.split("\n"))
    .toEqual(wanted);

  const shown = [
    await tenant.kubectl(["get", "pods,sandboxes,events", "--output", "yaml"]),
    (await tenant.gateway.send("GET", `/sandboxes/${id}`)).text,
    await logsOfSystem(),
  ];
  expect(shown.join("")).toContain(id);
  for (const text of shown) expect(text).not.toContain("trustno1");

  const own = async () => await tenant.kubectl(["get", "secrets", "-l", `sandkeep.dev/sandbox=${id}`, "-o", "name"]);
  expect(await own()).toContain(`secret/${id}-env-`);
  await tenant.gateway.send("DELETE", `/sandboxes/${id}`);
  await expect.poll(own, { timeout: 60_000 }).toBe("");
});

test("a Secret that is not there, or that the user may not get, is refused by name", async () => {
  await using tenant = await newTenant();
  await using viewer = await newTenant("view");
  const { id } = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable" } }, "started");
  const exec = async (gateway: typeof tenant.gateway) =>
    await gateway.send("POST", `/sandboxes/${id}/exec`, { command: ["true"], secrets: ["database"] });

  expect(await exec(tenant.gateway)).toMatchObject({
    status: 404,
    json: { code: "not_found", resource: "secret", message: expect.stringContaining(`"${tenant.namespace}/database"`) },
  });

  await tenant.kubectl(["create", "secret", "generic", "database"]);
  await tenant.kubectl(["create", "role", "executor", "--verb=create", "--resource=sandboxes.sandkeep.dev/exec"]);
  await tenant.grant(viewer, "--role=executor", { verb: "create", resource: "sandboxes", subresource: "exec" });
  await using executor = tenant.as(viewer.token);
  expect(await exec(executor)).toMatchObject({
    status: 403,
    json: { code: "permission_denied", resource: "secret", message: expect.stringContaining('get secrets "database"') },
  });
});

async function logsOfSystem(): Promise<string> {
  const logs = ["gateway", "operator"].map((component) => {
    const selector = ["--selector", `app.kubernetes.io/component=${component}`];
    return kubectl(installed, ["--namespace", "sandkeep-system", "logs", "--prefix", "--tail=-1", ...selector]);
  });
  return (await Promise.all(logs)).join("");
}
