import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { publicLookup, registryReach } from "../../../src/registry/reach.ts";
import type { ImageReference } from "../../../src/registry/reference.ts";
import { imageResolver, type Resolution } from "../../../src/registry/resolve.ts";

const digest = `sha256:${"4f".repeat(32)}`;
const never = new AbortController().signal;
const login = { username: "me", password: "secret" };

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on this machine: the one that an administrator named, or one that nobody may be led to. */
class Host implements AsyncDisposable {
  readonly #server: Server;
  readonly seen: string[] = [];
  answer: Answer = (_, response) => void response.writeHead(404).end();

  constructor() {
    this.#server = createServer((request, response) => {
      this.seen.push([request.method, request.url, request.headers.authorization].filter(Boolean).join(" "));
      this.answer(request, response);
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get name(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

let registry: Host;
let elsewhere: Host;
beforeEach(async () => {
  registry = await new Host().listen();
  elsewhere = await new Host().listen();
});
afterEach(async () => {
  await registry[Symbol.asyncDispose]();
  await elsewhere[Symbol.asyncDispose]();
});

async function resolve(credentials?: typeof login, version = "1", host = registry.name): Promise<Resolution> {
  const mirrors = { [host]: `http://${registry.name}` };
  await using resolver = imageResolver({ allowed: ["*"], private: [], mirrors, clusterCidrs: [] });
  return await resolver.resolve({ host, repository: "team/tool", version }, credentials, never);
}

/** Gives the image to who sends this. */
function forWho(authorization: string, challenge: string): Answer {
  return (request, response) => {
    if (request.headers.authorization === authorization) found(request, response);
    else response.writeHead(401, { "WWW-Authenticate": challenge }).end();
  };
}

function imageOf(host: string): ImageReference {
  return { host, repository: "a", version: "1" };
}

const found: Answer = (_, response) => void response.writeHead(200, { "Docker-Content-Digest": digest }).end();
const basic = `Basic ${Buffer.from("me:secret").toString("base64")}`;

describe("a registry", () => {
  it("that has the image tells its digest", async () => {
    registry.answer = found;
    expect(await resolve()).toEqual({ kind: "found", digest });
    expect(registry.seen).toEqual(["HEAD /v2/team/tool/manifests/1"]);
  });

  it("that tells no digest has it computed", async () => {
    registry.answer = (_, response) => void response.writeHead(200).end("{}");
    const empty = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    expect(await resolve()).toEqual({ kind: "found", digest: empty });
  });

  it("that wants a login has it, once it has asked", async () => {
    registry.answer = forWho(basic, 'Basic realm="r"');
    expect(await resolve(login)).toEqual({ kind: "found", digest });
    expect(await resolve()).toEqual({ kind: "refused" });
    expect(await resolve({ ...login, password: "wrong" })).toEqual({ kind: "refused" });
  });

  it.each([
    ["with", login],
    ["without", undefined],
  ])("that wants a token has one, got %s a login", async (_, credentials) => {
    const challenge = `Bearer realm="http://${registry.name}/token",service="s"`;
    const image = forWho("Bearer t", challenge);
    registry.answer = (request, response) => {
      if (!request.url?.startsWith("/token")) image(request, response);
      else response.writeHead(200).end(JSON.stringify({ token: "t" }));
    };
    expect(await resolve(credentials)).toEqual({ kind: "found", digest });
    const asked = "GET /token?service=s&scope=repository%3Ateam%2Ftool%3Apull";
    expect(registry.seen[1]).toBe(credentials ? `${asked} ${basic}` : asked);
  });

  it.each([
    [401, "refused"],
    [403, "refused"],
    [429, "silent"],
    [500, "silent"],
    [503, "silent"],
  ])("whose token server answers %i: %s", async (status, kind) => {
    const image = forWho("Bearer t", `Bearer realm="http://${registry.name}/token"`);
    registry.answer = (request, response) => {
      if (request.url?.startsWith("/token")) response.writeHead(status).end();
      else image(request, response);
    };
    expect(await resolve(login)).toEqual({ kind });
  });

  it("that redirects within itself is followed", async () => {
    registry.answer = (request, response) => {
      if (request.url === "/moved") found(request, response);
      else response.writeHead(307, { Location: "/moved" }).end();
    };
    expect(await resolve()).toEqual({ kind: "found", digest });
  });

  it("in the place of another is told of whom, and gets nobody's credentials", async () => {
    registry.answer = forWho(basic, 'Basic realm="r"');
    expect(await resolve(login, "1", "quay.io")).toEqual({ kind: "refused" });
    expect(registry.seen).toEqual(["HEAD /v2/team/tool/manifests/1?ns=quay.io"]);
  });

  it.each<[what: string, answer: Answer, kind: Resolution["kind"]]>([
    ["has no such image", (_, response) => void response.writeHead(404).end("secret"), "absent"],
    ["forbids it", (_, response) => void response.writeHead(403).end("secret"), "refused"],
    ["asks for what nobody knows", (_, response) => void response.writeHead(401).end(), "refused"],
    ["is broken", (_, response) => void response.writeHead(500).end("secret"), "silent"],
    ["breaks off", (_, response) => void response.destroy(), "silent"],
    [
      "tells no digest but a file",
      (_, response) => void response.writeHead(200, { "Docker-Content-Digest": "/etc/passwd" }).end(),
      "silent",
    ],
    [
      "sends without an end",
      (request, response) => void response.writeHead(200).end(request.method === "GET" ? Buffer.alloc(5 << 20) : ""),
      "silent",
    ],
    [
      "sends a token without an end",
      (request, response) => {
        if (request.url?.startsWith("/token")) response.writeHead(200).end(`{"token": "t"}${" ".repeat(64 << 10)}`);
        else forWho("Bearer t", `Bearer realm="http://${request.headers.host}/token"`)(request, response);
      },
      "silent",
    ],
    ["redirects in circles", (_, response) => void response.writeHead(302, { Location: "/v2/" }).end(), "silent"],
    ["redirects to nowhere", (_, response) => void response.writeHead(302).end(), "silent"],
    [
      "redirects to a file",
      (_, response) => void response.writeHead(302, { Location: "file:///etc/passwd" }).end(),
      "silent",
    ],
  ])("that %s: %s", async (_, answer, kind) => {
    registry.answer = answer;
    expect(await resolve(login)).toEqual({ kind });
  });

  it("that has another image than the one of a digest is not believed", async () => {
    registry.answer = found;
    expect(await resolve(undefined, digest)).toEqual({ kind: "found", digest });
    expect(await resolve(undefined, `sha256:${"00".repeat(32)}`)).toEqual({ kind: "silent" });
  });

  it.each<[what: string, answer: (to: string) => Answer]>([
    [
      "redirects",
      (to) => (_, response) => void response.writeHead(307, { Location: `http://${to}/latest/meta-data` }).end(),
    ],
    ["redirects over TLS", (to) => (_, response) => void response.writeHead(307, { Location: `https://${to}/` }).end()],
    [
      "sends for tokens",
      (to) => (_, response) =>
        void response.writeHead(401, { "WWW-Authenticate": `Bearer realm="http://${to}/token"` }).end(),
    ],
    [
      "sends for tokens by name",
      () => (_, response) =>
        void response.writeHead(401, { "WWW-Authenticate": 'Bearer realm="https://localhost/token"' }).end(),
    ],
  ])("that %s to a private address has nobody follow", async (_, answer) => {
    registry.answer = answer(elsewhere.name);
    expect(await resolve(login)).toEqual({ kind: "silent" });
    expect(elsewhere.seen).toEqual([]);
  });
});

describe("a host that no administrator has named", () => {
  const settings = { allowed: ["*"], private: [], mirrors: {}, clusterCidrs: ["1.2.3.0/24"] };

  it.each([
    "127.0.0.1:443",
    "10.0.0.1",
    "169.254.169.254",
    "[::1]:5000",
    "[::ffff:10.0.0.1]",
    "0x7f.1",
    "2130706433:443",
    "1.2.3.4",
    "r:99999",
  ])("is not asked at %s", async (host) => {
    await using resolver = imageResolver(settings);
    expect(await resolver.resolve(imageOf(host), undefined, never)).toEqual({ kind: "not-allowed" });
  });

  it("is not asked where its name leads to a private address", async () => {
    await using resolver = imageResolver(settings);
    expect(await resolver.resolve(imageOf("localhost:8443"), undefined, never)).toEqual({ kind: "silent" });
  });

  it("is asked at a private address if it is among those", () => {
    const reach = registryReach({ private: ["10.0.0.1:5000"] }, []);
    const endpoint = { origin: "https://10.0.0.1:5000", trusted: false, own: true };
    expect(reach.to(new URL("https://10.0.0.1:5000/v2/"), endpoint)).toBeDefined();
    expect(reach.to(new URL("http://10.0.0.1:5000/v2/"), endpoint)).toBeUndefined();
    expect(reach.to(new URL("https://10.0.0.1:5001/v2/"), endpoint)).toBeUndefined();
    expect(reach.to(new URL("https://me@example.com/"), endpoint)).toBeUndefined();
  });

  it("leads to no private host, which administrators have named for others", () => {
    const reach = registryReach({ private: ["10.0.0.1:5000", "auth.internal"] }, []);
    const stranger = { origin: "https://registry.example.net", trusted: false, own: true };
    expect(reach.to(new URL("https://10.0.0.1:5000/token"), stranger)).toBeUndefined();
    const guarded = reach.to(new URL("https://registry.example.net/"), stranger);
    expect(reach.to(new URL("https://auth.internal/token"), stranger)).toBe(guarded);
    const named = { origin: "https://10.0.0.1:5000", trusted: false, own: true };
    expect(reach.to(new URL("https://auth.internal/token"), named)).not.toBe(guarded);
  });

  it("is not asked if it is not allowed", async () => {
    await using resolver = imageResolver({ ...settings, allowed: ["ghcr.io"] });
    expect(await resolver.resolve(imageOf("quay.io"), undefined, never)).toEqual({ kind: "not-allowed" });
  });
});

it.each([
  [true, [{ address: "8.8.8.8", family: 4 }]],
  [false, "8.8.8.8"],
])("a name leads to its public addresses alone, all of them: %s", async (all, expected) => {
  const addresses = ["10.0.0.1", "8.8.8.8"].map((address) => ({ address, family: 4 }));
  const lookup = publicLookup(
    (address) => address === "8.8.8.8",
    (_name, _options, done) => done(null, addresses),
  );
  const got = await new Promise((resolve) => lookup("r.example.com", { all }, (_, found) => resolve(found)));
  expect(got).toEqual(expected);
});
