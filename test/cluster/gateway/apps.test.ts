import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AppList, AppView } from "../../../src/api/app-http.ts";
import { SANDBOX, type Sandbox } from "../../../src/api/sandbox.ts";
import { applyCrds } from "../operator/crds.ts";
import { startGateway, type Answer, type GatewayProcess, type Method } from "./gateway-process.ts";
import { Accounts, everything, useApiServer, type TestApiServer } from "./tenant.ts";

let server: TestApiServer;
let gateway: GatewayProcess;
let token: string;
let reader: string;

beforeAll(async () => {
  server = await useApiServer({ nodes: 0 });
  await applyCrds(server.kube);
  const accounts = new Accounts(server);
  token = await accounts.create("user", everything);
  reader = await accounts.create("reader", [
    { apiGroups: ["sandkeep.dev"], resources: ["sandboxapps"], verbs: ["get"], resourceNames: ["mine", "not-there"] },
  ]);
  gateway = await startGateway(server.cluster.kubeconfig);
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

function send(method: Method, path: string, body?: unknown, as = token): Promise<Answer> {
  return gateway.send(method, `/v1/namespaces/${server.namespace}${path}`, { token: as, body });
}

describe("an app", () => {
  it("is made once, looked up, listed and deleted", async () => {
    const spec = { description: "first", labels: { team: "x" } };
    const made = await send("PUT", "/apps/one", { spec });
    expect(made).toMatchObject({
      status: 201,
      json: { name: "one", namespace: server.namespace, uid: expect.any(String), spec, status: {} },
    });
    expect(await send("PUT", "/apps/one", { spec: { description: "second" } })).toMatchObject({
      status: 200,
      json: { uid: (made.json as AppView).uid, spec },
    });
    expect((await send("GET", "/apps/one")).json).toEqual(made.json);
    expect((await send("GET", "/apps")).json).toMatchObject({ items: [made.json] });
    expect((await send("DELETE", "/apps/one")).status).toBe(204);
    expect(await send("DELETE", "/apps/one")).toMatchObject({ status: 404 });
    expect(await send("GET", "/apps/one")).toMatchObject({
      status: 404,
      json: { code: "not_found", resource: "app", message: expect.stringContaining("one") },
    });
  });

  it("is one for all who make it at once", async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => send("PUT", "/apps/shared", {})));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(4);
    expect(new Set(answers.map(({ json }) => (json as AppView).uid)).size).toBe(1);
    await send("DELETE", "/apps/shared");
  });

  it("comes in pages", async () => {
    for (const name of ["p1", "p2", "p3"]) await send("PUT", `/apps/${name}`, {});
    const first = (await send("GET", "/apps?limit=2")).json as AppList;
    const second = (await send("GET", `/apps?limit=2&cursor=${encodeURIComponent(first.cursor ?? "")}`)).json;
    expect(first.items.map(({ name }) => name)).toEqual(["p1", "p2"]);
    expect(second).toMatchObject({ items: [{ name: "p3" }] });
    expect(second).not.toHaveProperty("cursor");
    for (const name of ["p1", "p2", "p3"]) await send("DELETE", `/apps/${name}`);
  });

  it("that is there is got with get alone; to make one takes create", async () => {
    await send("PUT", "/apps/mine", {});
    expect((await send("PUT", "/apps/mine", {}, reader)).status).toBe(200);
    expect(await send("PUT", "/apps/not-there", {}, reader)).toMatchObject({
      status: 403,
      json: { code: "permission_denied", resource: "app", message: expect.stringContaining("create sandboxapps") },
    });
    expect((await send("GET", "/apps/others", undefined, reader)).status).toBe(403);
    expect((await send("GET", "/apps", undefined, reader)).status).toBe(403);
    expect((await send("DELETE", "/apps/mine", undefined, reader)).status).toBe(403);
  });

  it.each<[what: string, method: Method, path: string, body: unknown, message: RegExp]>([
    ["a name in capitals", "PUT", "/apps/One", {}, /app/],
    ["a name with dots to the parent", "GET", "/apps/..%2fsandboxes", undefined, /app/],
    ["no body", "PUT", "/apps/a", undefined, /missing/],
    ["a body that is a list", "PUT", "/apps/a", [], /body/],
    ["an unknown member", "PUT", "/apps/a", { specs: {} }, /specs/],
    ["a description of 2 KiB", "PUT", "/apps/a", { spec: { description: "x".repeat(2048) } }, /description/],
    ["a cursor from nowhere", "GET", "/apps?cursor=nonsense", undefined, /continue|cursor/],
    ["a limit of 0", "GET", "/apps?limit=0", undefined, /limit/],
  ])("is refused for %s", async (_, method, path, body, message) => {
    const answer = await send(method, path, body);
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_argument" } });
    expect((answer.json as { message: string }).message).toMatch(message);
  });
});

describe("a sandbox known by name", () => {
  it("is found in its app as long as it runs", async () => {
    const path = "/apps/My_App/sandboxes/Re.searcher";
    const { namespace } = server;
    const missing = {
      status: 404,
      json: {
        code: "not_found",
        resource: "sandbox",
        message: "Sandbox with name 'Re.searcher' not found in App 'My_App'",
      },
    };
    expect(await send("GET", path)).toMatchObject(missing);
    const spec = { app: "My_App", name: "Re.searcher" };
    await server.kube.create(SANDBOX, { metadata: { namespace, name: "holder" }, spec } as Sandbox);
    expect(await send("GET", path)).toMatchObject({ status: 200, json: { id: "holder", spec } });
    expect((await send("GET", "/apps/other/sandboxes/Re.searcher")).status).toBe(404);

    const status = { phase: "Finished", finishedAt: "2026-01-02T03:04:15.000006Z", reason: "Completed", exitCode: 0 };
    await server.kube.mergePatch(SANDBOX, { namespace, name: "holder" }, { status }, { subresource: "status" });
    await expect.poll(async () => (await send("GET", path)).status).toBe(404);
    expect(await send("GET", path)).toMatchObject(missing);
  });

  it.each([
    ["a slash in the name", "/apps/a/sandboxes/x%2fy"],
    ["a comma in the name, which a selector would take for another", "/apps/a/sandboxes/x%2cspec.app=b"],
    ["a comma in the app", "/apps/a%2cb/sandboxes/x"],
  ])("is refused for %s", async (_, path) => {
    expect(await send("GET", path)).toMatchObject({ status: 400, json: { code: "invalid_argument" } });
  });

  it("takes get on every sandbox of the namespace", async () => {
    expect((await send("GET", "/apps/a/sandboxes/x", undefined, reader)).status).toBe(403);
  });
});
