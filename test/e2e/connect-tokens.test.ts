import { once } from "node:events";
import { chromium, type Page } from "playwright-core";
import type { Sandbox } from "sandkeep";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WebSocket } from "ws";
import { placeOf, sendThrough, type TunnelReply } from "../support/connect-client.ts";
import { waitFor } from "../support/wait-for.ts";
import { opened, openWebSocket } from "../support/web-socket.ts";
import { clientOf } from "./sdk.ts";
import { runtimes } from "./runtimes.ts";
import { newTenant, type Tenant } from "./tenant.ts";

/** Answers with what it got, at two ports; what asks for a WebSocket has each message back. */
const server = `
import base64, hashlib, json, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.headers.get("Upgrade"): return self.web_socket()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        got = {"port": self.server.server_port, "path": self.path, "headers": dict(self.headers), "body": body}
        reply = json.dumps(got).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)
    do_POST = do_GET
    def web_socket(self):
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.close_connection = True
        while True:
            first = self.rfile.read(2)
            if len(first) < 2: return
            length = first[1] & 127
            mask = self.rfile.read(4)
            data = bytes(octet ^ mask[i % 4] for i, octet in enumerate(self.rfile.read(length)))
            self.wfile.write(bytes([first[0], length]) + data)
    def log_message(self, *_): pass
threading.Thread(target=ThreadingHTTPServer(("0.0.0.0", 9090), Server).serve_forever).start()
ThreadingHTTPServer(("0.0.0.0", 8080), Server).serve_forever()
`;

interface Got {
  port: number;
  path: string;
  headers: Record<string, string>;
  body: string;
}

let tenant: Tenant;
beforeAll(async () => {
  tenant = await newTenant();
});
afterAll(() => tenant[Symbol.asyncDispose]());

async function serving(params: object = {}): Promise<Sandbox> {
  const client = clientOf(tenant);
  const app = await client.apps.fromName("connect", { createIfMissing: true });
  const image = client.images.fromRegistry("python:3.11-slim");
  const sandbox = await client.sandboxes.create(app, image, { command: ["python3", "-c", server], ...params });
  await waitFor("the server to answer", async () => {
    const { url, token } = await sandbox.createConnectToken({ port: 9090 });
    return (await get(url, token)).status === 200;
  });
  return sandbox;
}

function get(url: string, token: string, options: Parameters<typeof sendThrough>[2] = {}): Promise<TunnelReply> {
  const headers = { ...options.headers, authorization: `Bearer ${token}` };
  return sendThrough(tenant.installed, url, { ...options, headers });
}

async function webSocket(url: string, token: string): Promise<WebSocket> {
  const { host, port, headers, ...trust } = placeOf(tenant.installed, url);
  const options = { ...trust, headers: { ...headers, authorization: `Bearer ${token}` } };
  const socket = opened(await openWebSocket(`wss://${host}:${port}/`, [], options));
  socket.resume();
  return socket;
}

describe.each(runtimes)("a connect token of a sandbox under %s", (_, { className }) => {
  let sandbox: Sandbox;
  let other: Sandbox;
  beforeAll(async () => {
    [sandbox, other] = await Promise.all([serving({ className }), serving({ className })]);
  });

  test("lets requests in, says whose they are, and stays outside", async () => {
    const { url, token } = await sandbox.createConnectToken({ userMetadata: { user: "Zoë" } });
    const headers = { "x-verified-user-data": "root", X_Verified_User_Data: "root", "x-forwarded-for": "192.0.2.1" };
    const { status, body } = await get(`${url}/a?b=%20`, token, { method: "POST", body: "hello", headers });
    const got = JSON.parse(body) as Got;
    expect(status).toBe(200);
    expect(got).toMatchObject({ port: 8080, path: "/a?b=%20", body: "hello" });
    expect(got.headers["X-Verified-User-Data"]).toBe('{"user":"Zo\\u00eb"}');
    expect(got.headers["X-Forwarded-For"]).not.toBe("192.0.2.1");
    expect(Object.keys(got.headers).filter((name) => /auth|cookie|x.verified/i.test(name))).toEqual([
      "X-Verified-User-Data",
    ]);
    expect(body).not.toContain(token);
  });

  test("is exchanged for a cookie when it comes in a URL", async () => {
    const { url, token } = await sandbox.createConnectToken();
    const first = await sendThrough(tenant.installed, `${url}/a?_sandkeep_connect_token=${token}&b=1`);
    expect(first).toMatchObject({
      status: 302,
      headers: { location: `${url}/a?b=1`, "referrer-policy": "no-referrer" },
    });
    const [cookie = ""] = first.headers["set-cookie"]?.[0]?.split(";") ?? [];
    const second = await sendThrough(tenant.installed, `${url}/a?b=1`, { headers: { cookie: `own=1; ${cookie}` } });
    expect(JSON.parse(second.body)).toMatchObject({ path: "/a?b=1", headers: { cookie: "own=1" } });
  });

  test("carries WebSockets", async () => {
    const { url, token } = await sandbox.createConnectToken();
    const socket = await webSocket(url, token);
    socket.send("hello");
    expect(String((await once(socket, "message"))[0])).toBe("hello");
    socket.terminate();
  });

  test("leads to its own port and sandbox alone", async () => {
    const { url, token } = await sandbox.createConnectToken({ port: 9090 });
    expect((JSON.parse((await get(url, token)).body) as Got).port).toBe(9090);
    const elsewhere = await other.createConnectToken();
    expect((await get(elsewhere.url, token)).status).toBe(401);
    const lie = await get(url, token, { headers: { host: new URL(elsewhere.url).host } });
    expect(lie.status).toBe(421);
  });

  test("is refused with another signature, without one, and when it has expired", async () => {
    const { url, token } = await sandbox.createConnectToken({ expiresInMs: 1000 });
    const [head, payload, signature = ""] = token.split(".");
    const forged = `${head}.${payload}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
    expect((await get(url, forged)).status).toBe(401);
    expect((await get(url, `${head}.${payload}.`)).status).toBe(401);
    expect((await sendThrough(tenant.installed, url)).status).toBe(401);
    await waitFor("it to expire", async () => (await get(url, token)).body.includes("expired"));
  });

  test("holds no longer at any replica a second after it was revoked, nor does its WebSocket", async () => {
    const [revoked, kept] = [await sandbox.createConnectToken(), await sandbox.createConnectToken()];
    const socket = await webSocket(revoked.url, revoked.token);
    const closed = once(socket, "close");
    await sandbox.revokeConnectToken(revoked.tokenId);
    await Promise.race([closed, after(1000)]);
    expect(socket.readyState).toBe(socket.CLOSED);
    for (let request = 0; request < 8; request++) expect((await get(revoked.url, revoked.token)).status).toBe(401);
    expect((await get(kept.url, kept.token)).status).toBe(200);
    await sandbox.revokeConnectTokens();
    await after(1000);
    for (let request = 0; request < 8; request++) expect((await get(kept.url, kept.token)).status).toBe(401);
    const anew = await sandbox.createConnectToken();
    expect((await get(anew.url, anew.token)).status).toBe(200);
  });
});

/** A page that finds the gateway's hosts and trusts their certificates. */
async function openPage(): Promise<{ page: Page } & AsyncDisposable> {
  const node = new URL(tenant.installed.gateway).hostname;
  const args = ["--no-sandbox", `--host-resolver-rules=MAP *.tunnels.localhost ${node}`];
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args });
  const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  return { page, [Symbol.asyncDispose]: () => browser.close() };
}

/** What a WebSocket from the page to this host says, or how it fails. */
function heardFrom(page: Page, host: string): Promise<unknown> {
  return page.evaluate(`new Promise((resolve) => {
    const socket = new WebSocket("wss://${host}/");
    socket.onopen = () => socket.send("hello");
    socket.onmessage = ({ data }) => resolve(data);
    socket.onerror = () => resolve("refused");
  })`);
}

test("a browser has the token of a link as a cookie, which pages of other sandboxes cannot use", async () => {
  const [one, other] = await Promise.all([serving(), serving()]);
  const { url, token } = await one.createConnectToken({ userMetadata: "alice" });
  const elsewhere = await other.createConnectToken();
  await using browser = await openPage();
  const { page } = browser;
  const { host } = new URL(url);

  await page.goto(`${url}/a?_sandkeep_connect_token=${token}`);
  expect(page.url()).toBe(`${url}/a`);
  const own = await page.evaluate<Got>(`fetch("/b").then((reply) => reply.json())`);
  expect(own.headers).toMatchObject({ "X-Verified-User-Data": "alice" });
  expect(JSON.stringify(own)).not.toContain(token);
  expect(await page.evaluate("document.cookie")).toBe("");
  expect(await heardFrom(page, host)).toBe("hello");

  await page.goto(`${elsewhere.url}/?_sandkeep_connect_token=${elsewhere.token}`);
  expect(await heardFrom(page, new URL(elsewhere.url).host)).toBe("hello");
  expect(await heardFrom(page, host)).toBe("refused");
  const framed = `new Promise((resolve) => {
    const frame = document.body.appendChild(document.createElement("iframe"));
    frame.onload = () => resolve("loaded");
    frame.src = "${url}/framed";
  })`;
  const [frame] = await Promise.all([page.waitForResponse(`${url}/framed`), page.evaluate(framed)]);
  expect(frame.status()).toBe(403);
  const [link] = await Promise.all([
    page.waitForResponse(`${url}/link`),
    page.evaluate(`location.href = "${url}/link"`),
  ]);
  expect(link.status()).toBe(200);
});

/** For what must go on, or have come, after some time. */
function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

test.concurrent.each(runtimes)(
  "a connect token keeps a sandbox in use under %s, by short requests and by a long one, and no longer",
  async (_, { className }) => {
    const idle = await serving({ className, idleTimeoutMs: 5000 });
    const { url, token } = await idle.createConnectToken();
    const end = performance.now() + 8000;
    while (performance.now() < end) {
      expect((await get(url, token)).status).toBe(200);
      await after(500);
    }
    const socket = await webSocket(url, token);
    await after(8000);
    expect(socket.readyState).toBe(socket.OPEN);
    socket.terminate();
    expect(await idle.wait()).toBe(124);
    expect((await idle.info()).reason).toBe("IdleTimeout");
  },
);

test.concurrent.each(runtimes)(
  "a tunnel keeps a sandbox in use under %s, by short requests and by a connection, and no longer",
  async (_, { className }) => {
    const idle = await serving({ className, idleTimeoutMs: 5000, encryptedPorts: [8080] });
    const tunnel = (await idle.tunnels())[8080];
    const url = tunnel?.url ?? "";
    const end = performance.now() + 8000;
    while (performance.now() < end) {
      expect((await sendThrough(tenant.installed, url)).status).toBe(200);
      await after(500);
    }
    const { host, port, headers, ...trust } = placeOf(tenant.installed, url);
    const socket = opened(await openWebSocket(`wss://${host}:${port}/`, [], { ...trust, headers }));
    await after(8000);
    expect(socket.readyState).toBe(socket.OPEN);
    socket.terminate();
    expect(await idle.wait()).toBe(124);
    expect((await idle.info()).reason).toBe("IdleTimeout");
  },
);

test("connect tokens are refused to who may not make tunnels, and to sandboxes without a network", async () => {
  await using viewer = await newTenant("view");
  const { id } = await tenant.gateway.create({ spec: { network: { block: true } } }, "started");
  const blocked = await tenant.gateway.send("POST", `/sandboxes/${id}/connect-tokens`, {});
  expect(blocked).toMatchObject({
    status: 412,
    json: { resource: "token", message: expect.stringContaining("spec.network.block") },
  });
  const refused = await viewer.gateway.send("POST", "/sandboxes/a/connect-tokens", {});
  expect(refused).toMatchObject({ status: 403 });
});

test("who may come in with a connect token is what network.inbound says", async () => {
  const sandbox = await serving();
  const { url, token } = await sandbox.createConnectToken();
  await tenant.gateway.send("PATCH", `/sandboxes/${sandbox.sandboxId}`, {
    spec: { network: { inbound: { cidrs: ["192.0.2.0/24"] } } },
  });
  await waitFor("it to be closed", () =>
    get(url, token).then(
      () => false,
      () => true,
    ),
  );
});
