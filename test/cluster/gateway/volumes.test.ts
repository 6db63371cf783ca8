import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SANDBOX_CLASS, type SandboxClass } from "../../../src/api/sandbox-class.ts";
import type { VolumeView } from "../../../src/api/volume-http.ts";
import { PERSISTENT_VOLUME_CLAIM } from "../../../src/kube/objects.ts";
import { applyCrds } from "../operator/crds.ts";
import { startGateway, type Answer, type GatewayProcess, type Method } from "./gateway-process.ts";
import { Accounts, useApiServer, type TestApiServer } from "./tenant.ts";

let server: TestApiServer;
let gateway: GatewayProcess;
let className: string;
let token: string;
let reader: string;

beforeAll(async () => {
  server = await useApiServer({ nodes: 0 });
  await applyCrds(server.kube);
  const accounts = new Accounts(server);
  const claims = { apiGroups: [""], resources: ["persistentvolumeclaims"] };
  token = await accounts.create("user", [{ ...claims, verbs: ["*"] }]);
  reader = await accounts.create("reader", [{ ...claims, verbs: ["get"], resourceNames: ["shared", "not-there"] }]);
  className = `fast-${server.namespace}`;
  const volumes = { storageClassName: "fast", size: "3Gi", accessModes: ["ReadWriteMany"] };
  await server.kube.create(SANDBOX_CLASS, { metadata: { name: className }, spec: { volumes } } as SandboxClass);
  gateway = await startGateway(server.cluster.kubeconfig);
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await server.kube.delete(SANDBOX_CLASS, { name: className });
  await server[Symbol.asyncDispose]();
});

function send(method: Method, path: string, body?: unknown, as = token): Promise<Answer> {
  return gateway.send(method, `/v1/namespaces/${server.namespace}/volumes${path}`, { token: as, body });
}

/** A claim that somebody made with kubectl. */
async function storeForeign(name: string): Promise<void> {
  await server.kube.create(PERSISTENT_VOLUME_CLAIM, {
    metadata: { name, namespace: server.namespace },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  });
}

describe("a volume", () => {
  it("is made once, looked up, listed and deleted", async () => {
    const made = await send("PUT", "/data", {});
    expect(made).toMatchObject({
      status: 201,
      json: {
        name: "data",
        namespace: server.namespace,
        phase: "Pending",
        size: "10Gi",
        accessModes: ["ReadWriteOnce"],
      },
    });
    expect(await send("PUT", "/data", { className })).toMatchObject({
      status: 200,
      json: { uid: (made.json as VolumeView).uid, size: "10Gi" },
    });
    expect((await send("GET", "/data")).json).toEqual(made.json);
    expect((await send("GET", "")).json).toEqual({ items: [made.json] });
    expect((await send("DELETE", "/data")).status).toBe(204);
    const audited = '"audit":"volume","operation":"deleteVolume","volume":"data"';
    await expect.poll(() => gateway.lines.join("\n")).toContain(audited);
    await expect.poll(async () => (await send("GET", "/data")).status).toBe(404);
    expect(await send("DELETE", "/data")).toMatchObject({
      status: 404,
      json: { code: "not_found", resource: "volume", message: expect.stringContaining("data") },
    });
  });

  it("is as its class wants it", async () => {
    expect(await send("PUT", "/quick", { className })).toMatchObject({
      status: 201,
      json: { storageClassName: "fast", size: "3Gi", accessModes: ["ReadWriteMany"] },
    });
    expect(await send("PUT", "/unclassed", { className: "nonesuch" })).toMatchObject({
      status: 412,
      json: { code: "failed_precondition", resource: "class", message: expect.stringContaining('"nonesuch"') },
    });
  });

  it("that was not made here is used and left alone", async () => {
    await storeForeign("foreign");
    expect(await send("PUT", "/foreign", {})).toMatchObject({ status: 200, json: { size: "1Gi" } });
    expect((await send("GET", "/foreign")).status).toBe(200);
    const { items } = (await send("GET", "")).json as { items: VolumeView[] };
    expect(items.map(({ name }) => name)).not.toContain("foreign");
    expect(await send("DELETE", "/foreign")).toMatchObject({
      status: 412,
      json: { code: "failed_precondition", resource: "volume" },
    });
    expect((await send("GET", "/foreign")).status).toBe(200);
  });

  it("that is there is got with get alone; to make one takes create", async () => {
    await send("PUT", "/shared", {});
    expect((await send("PUT", "/shared", {}, reader)).status).toBe(200);
    expect(await send("PUT", "/not-there", {}, reader)).toMatchObject({
      status: 403,
      json: { code: "permission_denied", resource: "volume" },
    });
    expect((await send("GET", "/quick", undefined, reader)).status).toBe(403);
    expect((await send("GET", "", undefined, reader)).status).toBe(403);
    expect((await send("DELETE", "/shared", undefined, reader)).status).toBe(403);
  });

  it.each<[what: string, method: Method, path: string, body?: unknown]>([
    ["a name in capitals", "PUT", "/Data", {}],
    ["a name with a slash", "GET", "/a%2fb"],
    ["a size of its own", "PUT", "/data", { size: "1Ti" }],
    ["a class that is no name", "PUT", "/data", { className: "../x" }],
    ["no body", "PUT", "/data"],
    ["a cursor from nowhere", "GET", "?cursor=nonsense"],
  ])("is refused for %s", async (_, method, path, body) => {
    expect(await send(method, path, body)).toMatchObject({ status: 400, json: { code: "invalid_argument" } });
  });
});
