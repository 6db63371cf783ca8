import { expect, it } from "vitest";
import { nodeLogin, type NodeLogin } from "../../../src/gateway/images/login.ts";
import { sandboxFor } from "../../../src/gateway/sandboxes/create.ts";
import { createSandboxSchema } from "../../../src/api/sandbox-http.ts";
import { ApiError } from "../../../src/kube/api-error.ts";
import { SECRET } from "../../../src/kube/objects.ts";
import { MemoryKube } from "../../support/memory-kube.ts";

const name = { namespace: "ns", name: "login" };
const { signal } = new AbortController();

/** The login for an image with a Secret of this type and these entries. */
async function login(image: string, type: string, entries: Record<string, string>): Promise<NodeLogin> {
  const kube = new MemoryKube();
  const data = Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, btoa(value)]));
  kube.put(SECRET, { metadata: name, type, data });
  return await nodeLogin(kube, name, image, signal);
}

const pair = { REGISTRY_USERNAME: "puller", REGISTRY_PASSWORD: "pass:word" };
const auth = btoa("puller:pass:word");

it.each<[what: string, image: string, host: string]>([
  ["of a host", "registry.example.com:5000/team/tool:1", "registry.example.com:5000"],
  ["of the host that images have by default", "python:3.13", "https://index.docker.io/v1/"],
])("a user and a password become a Docker configuration for the registry %s", async (_, image, host) => {
  expect(await login(image, "Opaque", pair)).toEqual({ dockerConfig: JSON.stringify({ auths: { [host]: { auth } } }) });
});

it.each(["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"])(
  "nodes take a Secret of type %s as it is",
  async (type) => {
    expect(await login("python", type, {})).toEqual({ secretName: "login" });
  },
);

it("of a Docker configuration under no such type only the part for the registry is handed on", async () => {
  const config = JSON.stringify({ auths: { "a.example": { auth }, "b.example": { auth: btoa("other:one") } } });
  expect(await login("a.example/tool", "Opaque", { ".dockerconfigjson": config })).toEqual({
    dockerConfig: JSON.stringify({ auths: { "a.example": { auth } } }),
  });
});

it("a Secret of something else is refused, and not repeated", async () => {
  const refused = login("python", "Opaque", { REGISTRY_PASSWORD: "hunter2" });
  await expect(refused).rejects.toMatchObject({ code: "invalid_argument", resource: "secret" });
  await expect(refused).rejects.not.toThrow("hunter2");
});

it("a Secret that is not there is refused; one that the gateway may not read is taken as it is", async () => {
  const kube = new MemoryKube();
  await expect(nodeLogin(kube, name, "python", signal)).rejects.toMatchObject({ code: "not_found" });
  kube.onCall = () => {
    throw new ApiError("GET", 403, { reason: "Forbidden", message: "no" });
  };
  expect(await nodeLogin(kube, name, "python", signal)).toEqual({ secretName: "login" });
});

it("a sandbox names its login behind its other Secrets, once", () => {
  const request = createSandboxSchema.parse({
    name: "a",
    spec: { imagePullSecrets: [{ name: "login" }, { name: "b" }] },
  });
  const pullSecrets = (login: NodeLogin) =>
    sandboxFor(request, { namespace: "ns", username: "u", login }).spec.imagePullSecrets;
  expect(pullSecrets({ secretName: "login" })).toEqual([{ name: "b" }, { name: "login" }]);
  expect(pullSecrets({ dockerConfig: "{}" })).toEqual([
    { name: "login" },
    { name: "b" },
    { name: expect.stringMatching(/^a-pull-[0-9a-f]{16}$/) },
  ]);
});
