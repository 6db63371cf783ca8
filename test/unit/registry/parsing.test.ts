import { describe, expect, it } from "vitest";
import { readRegistries } from "../../../src/registry/settings.ts";
import { parseChallenge } from "../../../src/registry/challenge.ts";
import { credentialsFor } from "../../../src/registry/credentials.ts";
import { areRelated, endpointFor } from "../../../src/registry/endpoint.ts";
import { parseReference } from "../../../src/registry/reference.ts";

const digest = `sha256:${"a".repeat(64)}`;

it.each<[text: string, host: string, repository: string, version: string]>([
  ["python", "docker.io", "library/python", "latest"],
  ["python:3.11-slim", "docker.io", "library/python", "3.11-slim"],
  ["team/tool", "docker.io", "team/tool", "latest"],
  ["docker.io/python", "docker.io", "library/python", "latest"],
  ["index.docker.io/library/python:3", "docker.io", "library/python", "3"],
  ["ghcr.io/a/b/c:v1", "ghcr.io", "a/b/c", "v1"],
  ["GHCR.io/a/b", "ghcr.io", "a/b", "latest"],
  ["localhost/a", "localhost", "a", "latest"],
  ["r:5000/a", "r:5000", "a", "latest"],
  ["10.0.0.1:5000/team/tool:1", "10.0.0.1:5000", "team/tool", "1"],
  ["[::1]:5000/a:1", "[::1]:5000", "a", "1"],
  [`python@${digest}`, "docker.io", "library/python", digest],
  [`r:5000/a:1@${digest}`, "r:5000", "a", digest],
])("reads %s as runtimes do", (text, host, repository, version) => {
  expect(parseReference(text)).toEqual({ host, repository, version });
});

it.each<[header: string | undefined, challenge: unknown]>([
  [undefined, undefined],
  ["", undefined],
  ['Basic realm="registry"', { scheme: "basic" }],
  ["Negotiate", undefined],
  ["Bearer", undefined],
  ['Bearer service="s"', undefined],
  [
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull"',
    {
      scheme: "bearer",
      realm: "https://auth.docker.io/token",
      service: "registry.docker.io",
      scope: "repository:a/b:pull",
    },
  ],
  ['bearer Realm="https://r/t", service="s"', { scheme: "bearer", realm: "https://r/t", service: "s" }],
])("reads the challenge %j", (header, challenge) => {
  expect(parseChallenge(header)).toEqual(challenge);
});

function encoded(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** What a Secret with a Docker configuration holds. */
function config(auths: unknown): Record<string, string> {
  return { ".dockerconfigjson": encoded(JSON.stringify({ auths })) };
}

describe("credentials", () => {
  const auth = encoded("me:pass:word");
  const me = { username: "me", password: "pass:word" };

  it.each<[what: string, host: string, data: Record<string, string>, found: unknown]>([
    ["a host", "ghcr.io", config({ "ghcr.io": { auth } }), me],
    ["a host of several", "ghcr.io", config({ "quay.io": { auth: encoded("x:y") }, "ghcr.io": { auth } }), me],
    ["a URL", "ghcr.io", config({ "https://ghcr.io/v2/": { auth } }), me],
    ["Docker Hub by its oldest name", "docker.io", config({ "https://index.docker.io/v1/": { auth } }), me],
    ["user and password", "ghcr.io", config({ "ghcr.io": me }), me],
    ["another host", "ghcr.io", config({ "evil.example.com": { auth } }), undefined],
    ["a host that ends alike", "ghcr.io", config({ "notghcr.io": { auth } }), undefined],
    ["no colon", "ghcr.io", config({ "ghcr.io": { auth: encoded("me") } }), undefined],
    ["no configuration", "ghcr.io", { ".dockerconfigjson": encoded("{") }, undefined],
    ["a list", "ghcr.io", config([]), undefined],
    ["nothing", "ghcr.io", {}, undefined],
    ["any host", "ghcr.io", { REGISTRY_USERNAME: encoded("me"), REGISTRY_PASSWORD: encoded("pass:word") }, me],
    ["a user without a password", "ghcr.io", { REGISTRY_USERNAME: encoded("me") }, undefined],
  ])("of a Secret with %s", (_, host, data, found) => {
    expect(credentialsFor(host, data)).toEqual(found);
  });
});

describe("where a registry is asked", () => {
  const mirrors = { "docker.io": "https://mirror.example.com", "r.example.com": "http://r.example.com" };
  const settings = { allowed: ["*.example.com", "docker.io", "quay.io"], private: [], mirrors };

  it.each<[host: string, endpoint: unknown]>([
    ["quay.io", { origin: "https://quay.io", trusted: false, own: true }],
    ["docker.io", { origin: "https://mirror.example.com", trusted: true, own: false }],
    ["r.example.com", { origin: "http://r.example.com", trusted: true, own: true }],
    ["a.b.example.com", { origin: "https://a.b.example.com", trusted: false, own: true }],
    ["ghcr.io", undefined],
    ["quay.io.evil.org", undefined],
    ["aexample.com", undefined],
  ])("%s", (host, endpoint) => {
    expect(endpointFor(host, settings)).toEqual(endpoint);
  });

  it("is Docker Hub's own host for it, and the mirror of all for what has none", () => {
    const all = { allowed: ["*"], private: [] };
    expect(endpointFor("docker.io", { ...all, mirrors: {} })?.origin).toBe("https://registry-1.docker.io");
    expect(endpointFor("quay.io", { ...all, mirrors: { "*": "http://10.0.0.1:5000" } })?.origin).toBe(
      "http://10.0.0.1:5000",
    );
  });

  it.each([
    ["ghcr.io", "ghcr.io", true],
    ["registry-1.docker.io", "auth.docker.io", true],
    ["registry.gitlab.com", "gitlab.com", true],
    ["quay.io", "evil.io", false],
    ["registry.example.com", "example.com.evil.org", false],
    ["registry.example.com", "evilexample.com", false],
  ])("%s and %s are related: %s", (host, other, are) => {
    expect(areRelated(host, other)).toBe(are);
  });
});

describe("the settings", () => {
  it("are open for public registries by default", () => {
    expect(readRegistries({})).toEqual({ allowed: ["*"], private: [], mirrors: {}, clusterCidrs: [] });
  });

  it.each<[name: string, value: string]>([
    ["SANDKEEP_REGISTRIES", "{"],
    ["SANDKEEP_REGISTRIES", '{"allow": []}'],
    ["SANDKEEP_REGISTRIES", '{"mirrors": {"*": "ftp://a"}}'],
    ["SANDKEEP_REGISTRIES", '{"mirrors": {"*": "http://a/b"}}'],
    ["SANDKEEP_CLUSTER_CIDRS", "10.0.0.0"],
  ])("refuse %s=%s by name", (name, value) => {
    expect(() => readRegistries({ [name]: value })).toThrow(name);
  });
});
