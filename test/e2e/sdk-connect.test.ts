import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { parse, stringify } from "yaml";
import { PORT_PROTOCOL } from "../../src/api/constants.ts";
import { kubeClient } from "../../src/kube/api-client.ts";
import { connect as connectToServer } from "../../src/kube/connection.ts";
import type { ConnectOptions } from "../../src/sdk/connect-options.ts";
import { connect } from "../../src/sdk/node/connect.ts";
import { SandkeepClient } from "../../src/sdk/index.ts";
import { untilMay } from "../support/account.ts";
import { kubectl } from "../support/installed.ts";
import { waitFor } from "../support/wait-for.ts";
import { killAll, rolledOut } from "./system.ts";
import { newTenant, small, type Tenant } from "./tenant.ts";

const run = promisify(execFile);
const installed = inject("installed");
const system = "sandkeep-system";

let tenant: Tenant;
let folder: string;
beforeAll(async () => {
  tenant = await newTenant();
  folder = await mkdtemp(join(tmpdir(), "sandkeep-connect-"));
  await tenant.kubectl(["create", "rolebinding", "default", "--clusterrole=sandkeep-edit", account("default")]);
  await untilAllowed("default", { group: "sandkeep.dev", resource: "sandboxes", verb: "list" });
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await tenant[Symbol.asyncDispose]();
});

const account = (name: string) => `--serviceaccount=${tenant.namespace}:${name}`;

/** Resolves once the tenant's account has the right. */
async function untilAllowed(name: string, right: Parameters<typeof untilMay>[2]): Promise<void> {
  await using connection = connectToServer({ kubeconfig: installed.kubeconfig });
  await untilMay(kubeClient(connection), { namespace: tenant.namespace, name }, right);
}

/** A kubeconfig like the administrator's, but with this user. */
async function kubeconfigOf(name: string, user: object): Promise<string> {
  const config = parse(await readFile(installed.kubeconfig, "utf8")) as { users: { name: string }[] };
  const path = join(folder, name);
  await writeFile(path, stringify({ ...config, users: config.users.map(({ name }) => ({ name, user })) }));
  return path;
}

/** The sandboxes that a client with these options sees in the tenant's namespace. */
async function list(options: ConnectOptions): Promise<unknown[]> {
  const listed: unknown[] = [];
  const client = new SandkeepClient({ namespace: tenant.namespace, ...options });
  for await (const sandbox of client.sandboxes.list()) listed.push(sandbox);
  return listed;
}

/** Whom the gateway takes a client with these options for: it says so when it refuses. */
async function userOf(options: ConnectOptions): Promise<unknown> {
  const refusal = await list({ ...options, namespace: "nobody-may" }).catch((error: unknown) => error);
  return /User "([^"]*)"/.exec(refusal instanceof Error ? refusal.message : "")?.[1] ?? refusal;
}

describe("with a kubeconfig", () => {
  test("that has a certificate, a client reaches the gateway as a service account", async () => {
    const { kubeconfig } = installed;
    expect(await list({ kubeconfig })).toEqual([]);
    const serviceAccount = `${tenant.namespace}/user`;
    expect(await userOf({ kubeconfig, serviceAccount })).toBe(`system:serviceaccount:${tenant.namespace}:user`);
  });

  test("that has a token, a client is that user, who needs a right to come so", async () => {
    const token = await tenant.kubectl(["create", "token", "user"]);
    const kubeconfig = await kubeconfigOf("token", { token });
    await expect(list({ kubeconfig })).rejects.toMatchObject({
      name: "PermissionDeniedError",
      message: expect.stringMatching(/right to list endpointslices.* in namespace "sandkeep-system".*sandkeep-connect/),
    });
    const binding = ["create", "rolebinding", tenant.namespace, "--role=sandkeep-connect", account("user")];
    await kubectl(installed, ["--namespace", system, ...binding]);
    try {
      const right = { namespace: system, verb: "create", group: "", resource: "pods", subresource: "portforward" };
      await untilAllowed("user", right);
      expect(await list({ kubeconfig })).toEqual([]);
      expect(await userOf({ kubeconfig })).toBe(`system:serviceaccount:${tenant.namespace}:user`);
    } finally {
      await kubectl(installed, ["--namespace", system, "delete", "rolebinding", tenant.namespace]);
    }
  });

  test("that names a plugin, a client is whom the plugin makes it", async () => {
    const token = await tenant.kubectl(["create", "token", "user"]);
    const status = { token };
    const credential = { apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status };
    const plugin = join(folder, "plugin");
    await writeFile(plugin, `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`);
    await chmod(plugin, 0o755);
    const { apiVersion } = credential;
    const kubeconfig = await kubeconfigOf("exec", {
      exec: { apiVersion, command: "./plugin", interactiveMode: "Never" },
    });
    const { url, ca } = { url: installed.gateway, ca: installed.certificate };
    expect(await userOf({ kubeconfig, url, ca })).toBe(`system:serviceaccount:${tenant.namespace}:user`);
  });

  test.each([
    [
      "a Service",
      { gateway: { service: "elsewhere" } },
      "NotFoundError",
      /no Service "elsewhere" in namespace "sandkeep-system"/,
    ],
    [
      "a service account",
      { serviceAccount: "nobody" },
      "NotFoundError",
      /service account "nobody".*not found.*serviceAccount/,
    ],
    ["a context", { context: "nowhere" }, "InvalidError", /context "nowhere"/],
  ])("%s that is not there is named", async (_, options, name, message) => {
    await expect(list({ kubeconfig: installed.kubeconfig, ...options })).rejects.toMatchObject({
      name,
      message: expect.stringMatching(message),
    });
  });

  test("whose user the cluster does not know, a client is told to log in", async () => {
    const kubeconfig = await kubeconfigOf("stranger", { token: "nonsense" });
    await expect(list({ kubeconfig })).rejects.toMatchObject({ name: "AuthenticationError" });
  });
});

describe("with a URL", () => {
  test("and the gateway's certificate, a client reaches it", async () => {
    expect(await list({ url: installed.gateway, token: tenant.token, ca: installed.certificate })).toEqual([]);
  });

  test("alone, a client is told which certificate it needs", async () => {
    await expect(list({ url: installed.gateway, token: tenant.token })).rejects.toThrow(
      /Cannot verify the gateway's certificate.*SANDKEEP_CA_FILE/,
    );
  });
});

test("a WebSocket goes through the API server as well, and what refuses it is told", async () => {
  const { transport, namespace } = await connect({ kubeconfig: installed.kubeconfig, namespace: tenant.namespace });
  const command = ["nc", "-ll", "-p", "7000", "-e", "cat"];
  const { id } = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable", command } }, "started");
  const open = async (port: number) => {
    const path = `/v1/namespaces/${namespace}/sandboxes/${id}/ports/${port}`;
    return await transport.webSocket?.(path, PORT_PROTOCOL, async (reply) => new Error(await text(reply.body)));
  };
  await expect(open(7001)).rejects.toThrow(/"code":"unavailable".*7001/);
  const socket = await waitFor("the program to listen", () => open(7000));
  await socket.send(Buffer.from("hello"));
  for await (const message of socket.messages) {
    expect(Buffer.from(message).toString()).toBe("hello");
    break;
  }
});

test("a program that comes with a kubeconfig ends by itself as soon as it is done", async () => {
  const sdk = new URL("../../src/sdk/index.ts", import.meta.url).href;
  const program = `
    import { SandkeepClient } from ${JSON.stringify(sdk)};
    for await (const _ of new SandkeepClient().sandboxes.list());
    const done = performance.now();
    process.once("exit", () => console.log(performance.now() - done));`;
  const env = { ...process.env, KUBECONFIG: installed.kubeconfig, SANDKEEP_NAMESPACE: tenant.namespace };
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], { env });
  expect(Number(stdout)).toBeLessThan(1000);
});

test("when its gateway is killed, what is under way fails, and the next request goes to another", async () => {
  const { transport } = await connect({ kubeconfig: installed.kubeconfig, namespace: tenant.namespace });
  const request = (method: "GET" | "POST", path: string, body?: object) => {
    const headers = { "content-type": "application/json" };
    const sent = body === undefined ? {} : { body: JSON.stringify(body), headers };
    return transport.request({ method, path: `/v1/namespaces/${tenant.namespace}/sandboxes${path}`, ...sent });
  };
  const created = await request("POST", "", { spec: { ...small, command: ["sleep", "600"] } });
  expect(created.status).toBe(201);
  const { id } = JSON.parse(await text(created.body)) as { id: string };
  const waiting = request("GET", `/${id}?wait=finished&timeoutSeconds=300`);
  waiting.catch(() => {});
  await killAll("gateway");
  await expect(waiting).rejects.toMatchObject({ name: "ConnectionError" });
  await rolledOut("gateway");
  const reply = await request("GET", `/${id}`);
  expect(reply.status).toBe(200);
  reply.cancel();
});
