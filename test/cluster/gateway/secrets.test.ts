import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SandboxView } from "../../../src/api/sandbox-http.ts";
import { RESOURCE_QUOTA, SECRET } from "../../../src/kube/objects.ts";
import { applyCrds } from "../operator/crds.ts";
import { startGateway, type GatewayProcess } from "./gateway-process.ts";
import { Accounts, everything, useApiServer, type TestApiServer } from "./tenant.ts";

let server: TestApiServer;
let gateway: GatewayProcess;
let base: string;
let token: string;
let weak: string;

beforeAll(async () => {
  server = await useApiServer({ nodes: 0 });
  await applyCrds(server.kube);
  const accounts = new Accounts(server);
  const secrets = { apiGroups: [""], resources: ["secrets"] };
  token = await accounts.create("user", [...everything, { ...secrets, verbs: ["create", "get"] }]);
  weak = await accounts.create("weak", [...everything, { ...secrets, verbs: ["get"], resourceNames: ["mine"] }]);
  gateway = await startGateway(server.cluster.kubeconfig);
  base = `/v1/namespaces/${server.namespace}`;
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const secretValues = { PASSWORD: "hunter-2" };

async function ownSecrets(id: string): Promise<string[]> {
  const { items } = await server.kube.list(SECRET, {
    namespace: server.namespace,
    labelSelector: `sandkeep.dev/sandbox=${id}`,
  });
  return items.map(({ metadata }) => metadata.name);
}

describe("a sandbox that is created with secret values", () => {
  it("names the Secret that holds them and that it owns", async () => {
    const answer = await gateway.send("POST", `${base}/sandboxes`, { token, body: { name: "one", secretValues } });
    expect(answer.status).toBe(201);
    const { spec, uid } = answer.json as SandboxView;
    const [name = ""] = await ownSecrets("one");
    expect(spec.envFrom).toEqual([{ secretRef: { name } }]);
    expect(await server.kube.get(SECRET, { namespace: server.namespace, name })).toMatchObject({
      metadata: { ownerReferences: [{ kind: "Sandbox", name: "one", uid }] },
      immutable: true,
      data: { PASSWORD: Buffer.from("hunter-2").toString("base64") },
    });
    expect(answer.text).not.toContain("hunter");
    const audited = `"audit":"secret","operation":"createSandbox","secret":"${name}"`;
    await expect.poll(() => gateway.lines.join("\n")).toContain(audited);
    expect(gateway.lines.join("\n")).not.toContain("hunter");
  });

  it("is one with one Secret, however often it is asked for under one key", async () => {
    const request = {
      token,
      body: { spec: { app: "k" }, secretValues },
      headers: { "idempotency-key": "secret-order" },
    };
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => gateway.send("POST", `${base}/sandboxes`, request)),
    );
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    const [{ id, spec } = { id: "", spec: {} }] = answers.map(({ json }) => json as SandboxView);
    expect(await ownSecrets(id)).toHaveLength(1);
    expect(spec).toMatchObject({ envFrom: [{ secretRef: { name: (await ownSecrets(id))[0] } }] });
    const other = { ...request, body: { spec: { app: "k" }, secretValues: { OTHER: "1" } } };
    expect(await gateway.send("POST", `${base}/sandboxes`, other)).toMatchObject({ status: 409 });
  });

  it("is none for who may create no Secrets", async () => {
    const answer = await gateway.send("POST", `${base}/sandboxes`, {
      token: weak,
      body: { name: "two", secretValues },
    });
    expect(answer).toMatchObject({
      status: 403,
      json: { code: "permission_denied", resource: "secret", message: expect.stringContaining("create secrets") },
    });
    expect((await gateway.send("GET", `${base}/sandboxes/two`, { token })).status).toBe(404);
  });

  it("is gone again where there is no room for its Secret", async () => {
    const { kube, namespace } = server;
    const hard = { "count/secrets": "0" };
    await kube.create(RESOURCE_QUOTA, { metadata: { name: "no-secrets", namespace }, spec: { hard } });
    const status = { hard, used: hard };
    await kube.mergePatch(RESOURCE_QUOTA, { namespace, name: "no-secrets" }, { status }, { subresource: "status" });
    const answer = await gateway.send("POST", `${base}/sandboxes`, { token, body: { name: "three", secretValues } });
    await kube.delete(RESOURCE_QUOTA, { namespace, name: "no-secrets" });
    expect(answer).toMatchObject({ status: 429, json: { code: "resource_exhausted", resource: "secret" } });
    expect(answer.text).not.toContain("hunter");
    await expect.poll(async () => (await gateway.send("GET", `${base}/sandboxes/three`, { token })).status).toBe(404);
  });
});

describe("a Secret", () => {
  beforeAll(async () => {
    const { namespace } = server;
    for (const name of ["mine", "others"])
      await server.kube.create(SECRET, {
        metadata: { name, namespace },
        stringData: { USER: "me", PASSWORD: "hunter-3" },
      });
  });

  it.each([
    ["", 200],
    ["?requiredKeys=USER", 200],
    ["?requiredKeys=USER&requiredKeys=PASSWORD", 200],
  ])("is there%s, and shows nothing", async (query, status) => {
    const answer = await gateway.send("GET", `${base}/secrets/mine${query}`, { token: weak });
    expect(answer.status).toBe(status);
    expect(answer.json).toEqual({ name: "mine", namespace: server.namespace, createdAt: expect.any(String) });
    const audited = '"audit":"secret","operation":"getSecret","secret":"mine"';
    await expect.poll(() => gateway.lines.join("\n")).toContain(audited);
  });

  it.each<[what: string, path: string, status: number, expected: object]>([
    ["that is not there", "nonesuch", 404, { code: "not_found", message: "Secret 'nonesuch' not found" }],
    [
      "that lacks entries",
      "mine?requiredKeys=USER&requiredKeys=HOST&requiredKeys=PORT",
      404,
      {
        code: "not_found",
        message: "Secret is missing key(s): HOST, PORT",
        details: { missingKeys: ["HOST", "PORT"] },
      },
    ],
    ["of an inherited name", "mine?requiredKeys=constructor", 404, { code: "not_found" }],
  ])("%s is not found", async (_, path, status, expected) => {
    const answer = await gateway.send("GET", `${base}/secrets/${path}`, { token });
    expect(answer).toMatchObject({ status, json: { resource: "secret", ...expected } });
  });

  it.each([
    ["a slash", "a%2fb"],
    ["dots to the parent", "..%2fpods"],
    ["a key that is none", "mine?requiredKeys=A%2fB"],
    ["no key", "mine?requiredKeys="],
    ["capitals", "Mine"],
  ])("is refused for %s", async (_, path) => {
    const answer = await gateway.send("GET", `${base}/secrets/${path}`, { token });
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_argument" } });
  });

  it("of others is not told of", async () => {
    const answer = await gateway.send("GET", `${base}/secrets/others`, { token: weak });
    expect(answer).toMatchObject({ status: 403, json: { code: "permission_denied", resource: "secret" } });
    expect(await gateway.send("GET", `${base}/secrets/not-there`, { token: weak })).toMatchObject({ status: 403 });
  });
});
