import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SANDBOX, type Sandbox } from "../../../src/api/sandbox.ts";
import { SERVICE_ACCOUNT, TOKEN_REVIEW } from "../../../src/kube/objects.ts";
import { waitFor } from "../../support/wait-for.ts";
import { applyCrds } from "../operator/crds.ts";
import { startGateway, type Answer, type GatewayProcess } from "./gateway-process.ts";
import { Accounts, everything, useApiServer, type TestApiServer } from "./tenant.ts";

let server: TestApiServer;
let accounts: Accounts;
let gateway: GatewayProcess;
let base: string;

beforeAll(async () => {
  server = await useApiServer({ nodes: 0 });
  await applyCrds(server.kube);
  accounts = new Accounts(server);
  gateway = await startGateway(server.cluster.kubeconfig);
  base = `/v1/namespaces/${server.namespace}/sandboxes`;
  for (const name of ["a", "b"])
    await server.kube.create(SANDBOX, { metadata: { name, namespace: server.namespace }, spec: {} } as Sandbox);
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** Whether the API server itself refuses the token by now. */
async function isUnknown(token: string): Promise<boolean> {
  const spec = { token, audiences: ["sandkeep"] };
  const { status } = await server.kube.create(TOKEN_REVIEW, { metadata: { name: "" }, spec });
  return status?.authenticated !== true;
}

describe("a token", () => {
  it.each([
    ["for sandkeep", ["sandkeep"]],
    ["for the API server", []],
  ])("%s is taken", async (what, audiences) => {
    const token = await accounts.create(`taken-${what.split(" ").at(-1)?.toLowerCase()}`, everything, audiences);
    expect((await gateway.send("GET", base, { token })).status).toBe(200);
  });

  it.each<[what: string, token: () => Promise<string>]>([
    ["of nobody", async () => "nonsense"],
    ["for somebody else", () => accounts.create("elsewhere", everything, ["elsewhere"])],
    ["with another signature", async () => `${(await accounts.create("forger", everything)).slice(0, -6)}AAAAAA`],
    [
      "of an account that is gone",
      async () => {
        const token = await accounts.create("gone", everything);
        await server.kube.delete(SERVICE_ACCOUNT, { namespace: server.namespace, name: "gone" });
        await waitFor("the API server to hear of it", () => isUnknown(token));
        return token;
      },
    ],
  ])("%s is refused", async (_, make) => {
    const answer = await gateway.send("GET", base, { token: await make() });
    expect(answer).toMatchObject({ status: 401, json: { code: "unauthenticated", resource: "token" } });
    expect(answer.headers["www-authenticate"]).toBe("Bearer");
  });

  it("whose account is deleted loses its rights within 10 s of the API server's knowing", async () => {
    const token = await accounts.create("leaver", everything);
    expect((await gateway.send("GET", base, { token })).status).toBe(200);
    await server.kube.delete(SERVICE_ACCOUNT, { namespace: server.namespace, name: "leaver" });
    await waitFor("the API server to hear of it", () => isUnknown(token));
    await waitFor("the refusal", async () => (await gateway.send("GET", base, { token })).status === 401, {
      seconds: 11,
    });
  });
});

describe("a right", () => {
  let looker: string;
  let runner: string;
  let onlyA: string;
  let nobody: string;
  beforeAll(async () => {
    const group = { apiGroups: ["sandkeep.dev"] };
    looker = await accounts.create("looker", [{ ...group, resources: ["sandboxes"], verbs: ["get", "list"] }]);
    runner = await accounts.create("runner", [{ ...group, resources: ["sandboxes/exec"], verbs: ["create"] }]);
    onlyA = await accounts.create("only-a", [
      { ...group, resources: ["sandboxes"], verbs: ["get"], resourceNames: ["a"] },
    ]);
    nobody = await accounts.create("nobody", []);
  });

  const exec = { body: { command: ["true"] } };
  const brief = "?startTimeoutSeconds=0";
  it.each<[who: string, what: string, send: () => Promise<Answer>, status: number]>([
    ["one who may look", "lists", () => gateway.send("GET", base, { token: looker }), 200],
    ["one who may look", "gets", () => gateway.send("GET", `${base}/a`, { token: looker }), 200],
    ["one who may look", "creates", () => gateway.send("POST", base, { token: looker, body: {} }), 403],
    ["one who may look", "terminates", () => gateway.send("POST", `${base}/a/terminate`, { token: looker }), 403],
    ["one who may look", "deletes", () => gateway.send("DELETE", `${base}/a`, { token: looker }), 403],
    ["one who may look", "executes", () => gateway.send("POST", `${base}/a/exec`, { token: looker, ...exec }), 403],
    ["one who may look", "lists processes", () => gateway.send("GET", `${base}/a/processes`, { token: looker }), 403],
    [
      "one who may execute",
      "executes",
      () => gateway.send("POST", `${base}/a/exec${brief}`, { token: runner, ...exec }),
      504,
    ],
    ["one who may execute", "gets", () => gateway.send("GET", `${base}/a`, { token: runner }), 403],
    ["one who may get a alone", "gets a", () => gateway.send("GET", `${base}/a`, { token: onlyA }), 200],
    ["one who may get a alone", "gets b", () => gateway.send("GET", `${base}/b`, { token: onlyA }), 403],
    ["one who may get a alone", "lists", () => gateway.send("GET", base, { token: onlyA }), 403],
  ])("of %s who %s", async (_who, _what, send, status) => {
    expect((await send()).status).toBe(status);
  });

  it("that is missing is named with user, verb, resource, namespace and what to grant", async () => {
    const { namespace } = server;
    expect((await gateway.send("POST", `${base}/a/exec`, { token: looker, ...exec })).json).toEqual({
      code: "permission_denied",
      resource: "sandbox",
      message:
        `User "system:serviceaccount:${namespace}:looker" cannot create sandboxes/exec "a" in namespace "${namespace}". ` +
        'Grant it with a RoleBinding there to a Role with the rule {apiGroups: ["sandkeep.dev"], ' +
        'resources: ["sandboxes/exec"], verbs: ["create"]}',
      details: {
        user: `system:serviceaccount:${namespace}:looker`,
        verb: "create",
        group: "sandkeep.dev",
        resource: "sandboxes/exec",
        namespace,
      },
    });
  });

  it("is needed to learn whether a sandbox exists", async () => {
    const there = await gateway.send("GET", `${base}/a`, { token: nobody });
    const not = await gateway.send("GET", `${base}/nonesuch`, { token: nobody });
    expect(there.status).toBe(403);
    expect(not.text.replaceAll("nonesuch", "a")).toBe(there.text);
  });

  it("holds in its own namespace alone", async () => {
    expect((await gateway.send("GET", "/v1/namespaces/kube-system/sandboxes", { token: looker })).status).toBe(403);
    expect((await gateway.send("GET", "/v1/namespaces/nonesuch/sandboxes", { token: looker })).status).toBe(403);
  });

  it("to read a Secret is needed to name it in a sandbox, to have it read", async () => {
    const body = { spec: { envFrom: [{ secretRef: { name: "keys" } }] } };
    const without = await accounts.create("without-secret", everything);
    expect(await gateway.send("POST", base, { token: without, body })).toMatchObject({
      status: 403,
      json: { code: "permission_denied", resource: "secret", message: expect.stringContaining('get secrets "keys"') },
    });
    const secret = { apiGroups: [""], resources: ["secrets"], resourceNames: ["keys"], verbs: ["get"] };
    const allowed = await accounts.create("with-secret", [...everything, secret]);
    expect((await gateway.send("POST", base, { token: allowed, body })).status).toBe(201);
  });
});

it("no token reaches the log", async () => {
  const token = await accounts.create("careful", everything);
  await gateway.send("GET", base, { token });
  await gateway.send("POST", `${base}/nonesuch/exec`, { token, body: { command: ["true"] } });
  const { namespace } = server;
  await waitFor("its lines", () => gateway.lines.filter((line) => line.includes(`${namespace}:careful`)).length >= 2);
  expect(gateway.lines.join("\n")).not.toMatch(/Bearer|eyJ/);
  expect(gateway.lines.join("\n")).not.toContain(token.slice(-20));
});
