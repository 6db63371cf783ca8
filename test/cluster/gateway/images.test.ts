import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NODE, SECRET } from "../../../src/kube/objects.ts";
import { type LoginRegistry, loginRegistry } from "../../support/login-registry.ts";
import { applyCrds } from "../operator/crds.ts";
import { startGateway, type Answer, type GatewayProcess } from "./gateway-process.ts";
import { Accounts, everything, useApiServer, type TestApiServer } from "./tenant.ts";

let server: TestApiServer;
let registry: LoginRegistry;
let gateway: GatewayProcess;
let locked: GatewayProcess;
let token: string;
let weak: string;

beforeAll(async () => {
  server = await useApiServer({ nodes: 1 });
  await applyCrds(server.kube);
  const { status } = await server.kube.get(NODE, { name: "node1" });
  const { address = "" } = status?.addresses?.find(({ type }) => type === "InternalIP") ?? {};
  registry = await loginRegistry(server.cluster, address, 5002);
  const [host = ""] = registry.image.split("/");
  const accounts = new Accounts(server);
  const secrets = { apiGroups: [""], resources: ["secrets"], verbs: ["get"] };
  token = await accounts.create("user", [...everything, secrets]);
  weak = await accounts.create("weak", everything);
  const { kubeconfig } = server.cluster;
  const mirrors = { "*": `http://${address}:5000`, [host]: `http://${host}` };
  gateway = await startGateway(kubeconfig, { SANDKEEP_REGISTRIES: JSON.stringify({ mirrors }) });
  locked = await startGateway(kubeconfig, { SANDKEEP_REGISTRIES: JSON.stringify({ allowed: ["quay.io"] }) });

  const { namespace } = server;
  const config = (password: string) => ({ ".dockerconfigjson": registry.dockerConfig(password) });
  const type = "kubernetes.io/dockerconfigjson";
  await server.kube.create(SECRET, {
    metadata: { name: "login", namespace },
    type,
    stringData: config(registry.password),
  });
  await server.kube.create(SECRET, {
    metadata: { name: "wrong", namespace },
    type,
    stringData: config("incorrect-horse"),
  });
  const pair = { REGISTRY_USERNAME: "puller", REGISTRY_PASSWORD: registry.password };
  await server.kube.create(SECRET, { metadata: { name: "pair", namespace }, stringData: pair });
  await server.kube.create(SECRET, { metadata: { name: "other", namespace }, stringData: { USER: "puller" } });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await locked[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

function resolve(query: Record<string, string>, as = token, at = gateway): Promise<Answer> {
  const path = `/v1/namespaces/${server.namespace}/images/resolve?${new URLSearchParams(query).toString()}`;
  return at.send("GET", path, { token: as });
}

describe("an image", () => {
  it("has the digest by which it is found again", async () => {
    const answer = await resolve({ reference: "busybox:stable" });
    expect(answer).toMatchObject({
      status: 200,
      json: { image: expect.stringMatching(/^docker\.io\/library\/busybox@sha256:[0-9a-f]{64}$/) },
    });
    const { image } = answer.json as { image: string };
    expect((await resolve({ reference: image })).json).toEqual(answer.json);
  });

  it.each(["login", "pair"])("behind a login is resolved with the Secret %s", async (secretName) => {
    const answer = await resolve({ reference: registry.image, secretName });
    expect(answer).toMatchObject({ status: 200, json: { digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) } });
  });

  it.each<[what: string, query: Record<string, string>, status: number, expected: object]>([
    ["behind a login without one", {}, 403, { code: "permission_denied", resource: "image" }],
    ["behind a login with a wrong one", { secretName: "wrong" }, 403, { code: "permission_denied", resource: "image" }],
    ["with a Secret of something else", { secretName: "other" }, 400, { code: "invalid_argument", resource: "secret" }],
    ["with a Secret that is not there", { secretName: "nonesuch" }, 404, { code: "not_found", resource: "secret" }],
    ["that is not there", { reference: "nonesuch:1" }, 404, { code: "not_found", resource: "image" }],
    ["that is none", { reference: "Not An Image" }, 400, { code: "invalid_argument" }],
    ["with a scheme", { reference: "http://10.0.0.1/x" }, 400, { code: "invalid_argument" }],
    ["with a path to elsewhere", { reference: "quay.io/../../admin" }, 400, { code: "invalid_argument" }],
    ["with a line break", { reference: "quay.io/a\r\nX: y" }, 400, { code: "invalid_argument" }],
  ])("%s is refused", async (_, query, status, expected) => {
    const answer = await resolve({ reference: registry.image, ...query });
    expect(answer).toMatchObject({ status, json: expected });
    expect(answer.text).not.toContain("horse");
    expect(gateway.lines.join("\n")).not.toContain("horse");
  });

  it("takes get on the Secret", async () => {
    const answer = await resolve({ reference: registry.image, secretName: "login" }, weak);
    expect(answer).toMatchObject({ status: 403, json: { code: "permission_denied", resource: "secret" } });
  });

  it("is not asked for where administrators do not allow it, nor at private addresses", async () => {
    for (const reference of ["busybox:stable", registry.image, "169.254.169.254/latest/meta-data"])
      expect(await resolve({ reference }, token, locked)).toMatchObject({
        status: 403,
        json: { code: "permission_denied", resource: "image", message: expect.stringContaining("registries") },
      });
  });
});
