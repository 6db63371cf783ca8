import { request, Agent } from "undici";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { GatewayClient } from "../support/gateway-client.ts";
import { signedToken } from "../support/signed-token.ts";
import { newTenant, type Tenant } from "./tenant.ts";

const installed = inject("installed");
const agent = new Agent({ connect: { ca: installed.certificate } });

let tenant: Tenant;
beforeAll(async () => {
  tenant = await newTenant();
});
afterAll(async () => {
  await agent.destroy();
  await tenant[Symbol.asyncDispose]();
});

describe("is refused, and creates nothing:", () => {
  const rows: [what: string, body: unknown, message: RegExp, code?: string][] = [
    ["a body that is not JSON", "{", /JSON/],
    ["no body", undefined, /missing/],
    ["an unknown field", { spec: { imgae: "busybox" } }, /imgae/],
    ["an unknown field beside the spec", { spec: {}, speck: {} }, /speck/],
    ["a number for a string", { spec: { image: 1 } }, /spec\.image/],
    ["a negative timeout", { spec: { timeoutSeconds: -1 } }, /spec\.timeoutSeconds/],
    ["a timeout of a week", { spec: { timeoutSeconds: 604_800 } }, /spec\.timeoutSeconds/],
    ["a name with dots to the parent", { name: "../kube-system" }, /name/],
    ["a name with a NUL", { name: "a\0b" }, /name/],
    ["two sources of an image", { spec: { image: "a", snapshotName: "b" } }, /image/],
    ["a command of a megabyte", { spec: { command: ["x".repeat(1_000_000)] } }, /command/],
    ["a body of two megabytes", { spec: { command: ["x".repeat(2 << 20)] } }, /1 MiB/, "file_too_large"],
  ];
  test.each(rows)("%s", async (_what, body, message, code = "invalid_argument") => {
    const { status, json } = await tenant.gateway.send("POST", "/sandboxes", body);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(json).toMatchObject({ code, message: expect.stringMatching(message) });
    expect((await tenant.gateway.send("GET", "/sandboxes?all=true")).json).toEqual({ items: [] });
  });

  test.each([
    ["dots to the parent", "/sandboxes/..%2f..%2fpods"],
    ["an encoded slash", "/sandboxes/a%2fb"],
    ["an encoded NUL", "/sandboxes/a%00b"],
    ["broken percent-encoding", "/sandboxes/a%zz"],
    ["capitals", "/sandboxes/Hello"],
  ])("a path with %s", async (_what, path) => {
    const { status, json } = await tenant.gateway.send("GET", path);
    expect(status).toBe(400);
    expect(json).toMatchObject({ code: "invalid_argument" });
  });

  test("an unknown path", async () => {
    expect(await tenant.gateway.send("GET", "/nonesuch")).toMatchObject({ status: 404, json: { code: "not_found" } });
  });
});

describe("the token", () => {
  test.each([
    ["missing", () => undefined],
    ["empty", () => "Bearer "],
    ["of another scheme", () => "Basic dXNlcjpwYXNz"],
    ["not a token", () => "Bearer nonsense"],
    ["with a changed signature", () => `Bearer ${tenant.token.slice(0, -8)}AAAAAAAA`],
  ])("%s is 401", async (_what, authorization) => {
    expect(await list(authorization())).toMatchObject({ status: 401, json: { code: "unauthenticated" } });
  });

  test("for another audience is 401", async () => {
    const foreign = (await tenant.kubectl(["create", "token", "user", "--audience", "elsewhere"])).trim();
    expect(await list(`Bearer ${foreign}`)).toMatchObject({ status: 401, json: { code: "unauthenticated" } });
  });

  // The API server takes them for another minute, as clocks differ.
  test.each([
    ["that is over is 401", -61, 401],
    ["that is not over is taken", 60, 200],
  ])("%s", async (_what, expiresIn, status) => {
    const uid = (await tenant.kubectl(["get", "serviceaccount", "user", "-o", "jsonpath={.metadata.uid}"])).trim();
    const claims = { namespace: tenant.namespace, account: "user", uid, audience: "sandkeep", expiresIn };
    const answer = await list(`Bearer ${await signedToken(installed.kubeconfig, claims)}`);
    expect(answer.status).toBe(status);
    if (status === 401) expect(answer.json).toMatchObject({ code: "unauthenticated", resource: "token" });
  });

  test("of one namespace opens no other", async () => {
    await using foreign = new GatewayClient(installed, "kube-system", tenant.token);
    expect(await foreign.send("GET", "/sandboxes")).toMatchObject({ status: 403, json: { code: "permission_denied" } });
    expect(await foreign.send("POST", "/sandboxes", { spec: {} })).toMatchObject({ status: 403 });
  });
});

async function list(authorization?: string): Promise<{ status: number; json: unknown }> {
  const { statusCode, body } = await request(`${installed.gateway}/v1/namespaces/${tenant.namespace}/sandboxes`, {
    dispatcher: agent,
    headers: authorization === undefined ? {} : { authorization },
  });
  return { status: statusCode, json: await body.json() };
}
