import { afterAll, beforeAll, expect, test } from "vitest";
import { kubectl } from "../support/installed.ts";
import { loginRegistry, type LoginRegistry } from "../support/login-registry.ts";
import { clientOf } from "./sdk.ts";
import { newTenant, type Tenant } from "./tenant.ts";

let tenant: Tenant;
let registry: LoginRegistry;
beforeAll(async () => {
  tenant = await newTenant();
  const { installed } = tenant;
  const path = "jsonpath={.items[0].status.addresses[?(@.type=='InternalIP')].address}";
  const address = await kubectl(installed, ["get", "nodes", "--output", path]);
  registry = await loginRegistry({ name: installed.cluster, kubeconfig: installed.kubeconfig }, address, 5003);
});
afterAll(async () => {
  await tenant[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

test("an image behind a login runs with a Secret of user and password, which no spec, event or log shows", async () => {
  const { user, password, image } = registry;
  const entries = [`--from-literal=REGISTRY_USERNAME=${user}`, `--from-literal=REGISTRY_PASSWORD=${password}`];
  await tenant.kubectl(["create", "secret", "generic", "registry", ...entries]);
  const client = clientOf(tenant);
  const app = await client.apps.fromName("private", { createIfMissing: true });
  const source = client.images.fromRegistry(image, client.secrets.fromName("registry"));
  const sandbox = await client.sandboxes.create(app, source, { cpu: 0.01, memoryMiB: 16 });
  expect(await (await sandbox.exec(["echo", "pulled"])).stdout.readText()).toBe("pulled\n");

  const { sandboxId } = sandbox;
  const own = () => tenant.kubectl(["get", "secrets", "-l", `sandkeep.dev/sandbox=${sandboxId}`, "-o", "name"]);
  expect(await own()).toMatch(new RegExp(`^secret/${sandboxId}-pull-[0-9a-f]{16}\\s$`));
  const logs = (component: string) => {
    const selector = `app.kubernetes.io/component=${component}`;
    return kubectl(tenant.installed, ["--namespace", "sandkeep-system", "logs", "--tail=-1", "--selector", selector]);
  };
  const shown = [
    await tenant.kubectl(["get", "pods,sandboxes,events", "--output", "yaml"]),
    await logs("gateway"),
    await logs("operator"),
  ].join("");
  expect(shown).toContain(`${sandboxId}-pull-`);
  expect(shown).not.toContain(password);
  expect(shown).not.toContain(Buffer.from(`${user}:${password}`).toString("base64"));

  await sandbox.delete();
  await expect.poll(own, { timeout: 120_000 }).toBe("");
});
