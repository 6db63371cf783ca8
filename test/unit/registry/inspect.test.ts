import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ImageInspector, imageInspector, type Inspection } from "../../../src/registry/inspect.ts";

const never = new AbortController().signal;
const both = ["arm64", "amd64"];

let server: Server;
let inspector: ImageInspector;
/** What the registry has, by path below the repository, and what it was asked for. */
let stored: Map<string, string | number>;
let asked: string[];

beforeEach(async () => {
  stored = new Map();
  asked = [];
  server = createServer((request, response) => {
    const path = (request.url ?? "").replace("/v2/team/tool/", "").replace("?ns=r.example.com", "");
    asked.push(`${request.method} ${path.slice(0, 20)}`);
    const body = stored.get(path) ?? 404;
    if (typeof body === "number") response.writeHead(body).end();
    else response.writeHead(200, { "Docker-Content-Digest": digestOf(body) }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const mirrors = { "r.example.com": `http://127.0.0.1:${port}` };
  inspector = imageInspector({ allowed: ["r.example.com"], private: [], mirrors, clusterCidrs: [] });
});
afterEach(async () => {
  await inspector[Symbol.asyncDispose]();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

function put(kind: "manifests" | "blobs", value: unknown, tag?: string): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const digest = digestOf(text);
  stored.set(`${kind}/${digest}`, text);
  if (tag !== undefined) stored.set(`${kind}/${tag}`, text);
  return digest;
}

/** An image for one platform; its manifest's digest. */
function image(config: unknown, tag?: string): string {
  return put("manifests", { schemaVersion: 2, config: { digest: put("blobs", { config }) } }, tag);
}

function inspect(version = "1", host = "r.example.com", architectures: string[] = both): Promise<Inspection> {
  return inspector.inspect({ host, repository: "team/tool", version }, architectures, undefined, never);
}

describe("an image", () => {
  it("of one platform has the ENTRYPOINT of its configuration", async () => {
    const digest = image({ Entrypoint: ["/tini", "--"], Cmd: ["serve"] }, "1");
    expect(await inspect()).toEqual({ kind: "found", digest, entrypoint: ["/tini", "--"] });
  });

  it.each([[{}], [{ Entrypoint: null }], [null], [undefined]])("with the configuration %j has none", async (config) => {
    image(config, "1");
    expect(await inspect()).toMatchObject({ kind: "found", entrypoint: [] });
  });

  it("of several platforms is that of the first architecture it is made for, and known by the digest of all", async () => {
    const platform = (architecture: string, os = "linux") => ({
      digest: image({ Entrypoint: [`/${os}-${architecture}`] }),
      platform: { architecture, os },
    });
    const manifests = [platform("arm64", "windows"), platform("amd64"), platform("s390x"), { digest: image({}) }];
    const digest = put("manifests", { schemaVersion: 2, manifests }, "1");
    expect(await inspect()).toEqual({ kind: "found", digest, entrypoint: ["/linux-amd64"] });
    expect(await inspect("1", "r.example.com", ["s390x"])).toMatchObject({ entrypoint: ["/linux-s390x"] });
    expect(await inspect("1", "r.example.com", ["riscv64"])).toEqual({ kind: "unsuitable" });
  });

  it("is read once; afterwards the registry is only asked whether it is still the same", async () => {
    image({ Entrypoint: ["/a"] }, "1");
    await inspect();
    asked.length = 0;
    await inspect();
    expect(asked).toEqual(["HEAD manifests/1"]);
    image({ Entrypoint: ["/b"] }, "1");
    expect(await inspect()).toMatchObject({ entrypoint: ["/b"] });
  });

  it.each<[what: string, spoil: () => void, kind: string]>([
    ["that is not there", () => stored.clear(), "absent"],
    ["that is forbidden", () => stored.set("manifests/1", 403), "refused"],
    ["behind a login", () => stored.set("manifests/1", 401), "refused"],
    ["of a broken registry", () => stored.set("manifests/1", 500), "silent"],
    ["that is something else", () => put("manifests", { schemaVersion: 1, fsLayers: [] }, "1"), "unsuitable"],
    ["that is no JSON", () => put("manifests", "{", "1"), "silent"],
    ["whose ENTRYPOINT is no list", () => image({ Entrypoint: "/a" }, "1"), "unsuitable"],
    ["whose ENTRYPOINT is endless", () => image({ Entrypoint: ["x".repeat(70_000)] }, "1"), "unsuitable"],
    ["whose configuration is endless", () => image({ Labels: { a: "x".repeat(1 << 20) } }, "1"), "silent"],
    [
      "whose configuration is another one",
      () => {
        const config = put("blobs", { config: {} });
        stored.set(`blobs/${config}`, JSON.stringify({ config: { Entrypoint: ["/forged"] } }));
        put("manifests", { config: { digest: config } }, "1");
      },
      "silent",
    ],
    [
      "whose configuration lies elsewhere",
      () => put("manifests", { config: { digest: "sha256:../../../secret" } }, "1"),
      "unsuitable",
    ],
  ])("%s", async (_what, spoil, kind) => {
    spoil();
    expect(await inspect()).toEqual({ kind });
  });

  it("of a registry that may not be asked", async () => {
    expect(await inspect("1", "other.example.com")).toEqual({ kind: "not-allowed" });
    expect(asked).toEqual([]);
  });
});
