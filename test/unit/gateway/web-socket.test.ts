import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { ATTACH_PROTOCOL, PORT_PROTOCOL, TOKEN_PROTOCOL_PREFIX } from "../../../src/api/constants.ts";
import { SandkeepError, type ErrorCode } from "../../../src/api/errors.ts";
import { webSocketAuthorization } from "../../../src/gateway/auth/credentials.ts";
import { Inbox } from "../../../src/gateway/websocket/inbox.ts";
import { limits } from "../../../src/gateway/websocket/limits.ts";
import { closeCode } from "../../../src/gateway/websocket/peer.ts";
import { Attached } from "../../support/attached.ts";
import { waitFor } from "../../support/wait-for.ts";
import { opened, refused } from "../../support/web-socket.ts";
import { realAgent, type RealAgent } from "../agent-link/real-agent.ts";
import { allowed, webSocketGateway, type WebSocketGateway } from "./web-socket-gateway.ts";

const token = (text: string) => `${TOKEN_PROTOCOL_PREFIX}${Buffer.from(text).toString("base64url")}`;

/** The head of a request about a sandbox. */
function head(path: string, more = ""): string {
  return `GET /v1/namespaces/ns/sandboxes/a${path} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer good\r\n${more}\r\n`;
}

describe("a request for a WebSocket", () => {
  let agent: RealAgent;
  let gateway: WebSocketGateway;
  const path = "/processes/p/attach";
  beforeAll(async () => {
    agent = await realAgent();
    await (await agent.connect()).client.startProcess({ id: "p", command: ["cat"] });
    gateway = await webSocketGateway(agent);
  });
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await agent[Symbol.asyncDispose]();
  });

  it.each<[what: string, protocols: string[], headers: Record<string, string>]>([
    ["in the header", [ATTACH_PROTOCOL], allowed],
    ["as a subprotocol, as browsers have to", [ATTACH_PROTOCOL, token("good")], {}],
    ["before the subprotocol", [token("good"), ATTACH_PROTOCOL], {}],
    [
      "from a page of another origin: it has to know the token",
      [ATTACH_PROTOCOL, token("good")],
      { origin: "https://a.test" },
    ],
  ])("with the token %s is answered with the subprotocol, and never with the token", async (_, protocols, headers) => {
    const attached = new Attached(opened(await gateway.open(path, protocols, headers)));
    expect(attached.socket.protocol).toBe(ATTACH_PROTOCOL);
    await waitFor("the first message", () => attached.stdin);
    attached.socket.close();
    await attached.closed;
  });

  it.each<
    [what: string, path: string, protocols: string[], headers: Record<string, string>, status: number, code: ErrorCode]
  >([
    ["without a token", path, [ATTACH_PROTOCOL], {}, 401, "unauthenticated"],
    ["with a wrong token", path, [ATTACH_PROTOCOL], { authorization: "Bearer bad" }, 401, "unauthenticated"],
    ["with a wrong token as a subprotocol", path, [ATTACH_PROTOCOL, token("bad")], {}, 401, "unauthenticated"],
    ["with two tokens", path, [ATTACH_PROTOCOL, token("good"), token("weak")], {}, 401, "unauthenticated"],
    [
      "with a wrong token beside a good one",
      path,
      [ATTACH_PROTOCOL, token("good")],
      { authorization: "Bearer bad" },
      401,
      "unauthenticated",
    ],
    ["without the right", path, [ATTACH_PROTOCOL], { authorization: "Bearer weak" }, 403, "permission_denied"],
    ["without the right to a port", "/ports/1", [PORT_PROTOCOL, token("weak")], {}, 403, "permission_denied"],
    ["without a subprotocol", path, [], allowed, 400, "invalid_argument"],
    ["with another subprotocol", path, [PORT_PROTOCOL], allowed, 400, "invalid_argument"],
    ["with an offset that is none", `${path}?stdoutOffset=x`, [ATTACH_PROTOCOL], allowed, 400, "invalid_argument"],
    ["for a process that is not there", "/processes/none/attach", [ATTACH_PROTOCOL], allowed, 404, "not_found"],
    ["for a port that is none", "/ports/65536", [PORT_PROTOCOL], allowed, 400, "invalid_argument"],
    ["for a port with zeros", "/ports/080", [PORT_PROTOCOL], allowed, 400, "invalid_argument"],
    ["for a port where nothing listens", "/ports/1", [PORT_PROTOCOL], allowed, 503, "unavailable"],
  ])("%s is refused as any other is, and its connection ends", async (_, where, protocols, headers, status, code) => {
    const refusal = refused(await gateway.open(where, protocols, headers));
    expect(refusal).toMatchObject({ status, json: { code, message: expect.any(String) } });
    expect(refusal.headers).toMatchObject({ connection: "close", "content-type": "application/json; charset=utf-8" });
  });

  it.each<[what: string, path: string, status: number, code: ErrorCode]>([
    ["what is no WebSocket", "/processes/p/exit", 504, "deadline_exceeded"],
    ["nothing that there is", "/shell", 404, "not_found"],
  ])("for %s is answered as if it asked for none", async (_, where, status, code) => {
    const refusal = refused(await gateway.open(where, [ATTACH_PROTOCOL]));
    expect(refusal).toMatchObject({ status, json: { code }, headers: { connection: "keep-alive" } });
  });

  it("for what is no WebSocket ends when its client goes", async () => {
    await using own = await webSocketGateway(agent);
    const socket = connect(own.port, "127.0.0.1");
    socket.end(head("/processes/p/stdout", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
    await waitFor("the end of the request", () => own.lines.length === 1);
    expect(JSON.parse(own.lines[0] ?? "")).toMatchObject({ route: "readStdout", status: 499 });
  });

  it.each<[what: string, more: string[], says: string]>([
    ["without a key", ["Sec-WebSocket-Version: 13"], "Sec-WebSocket-Key"],
    ["of another version", ["Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 7"], "Version"],
  ])("%s is refused in JSON, and its connection ends", async (_, more, says) => {
    const socket = connect(gateway.port, "127.0.0.1");
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    const fields = ["Connection: Upgrade", "Upgrade: websocket", `Sec-WebSocket-Protocol: ${ATTACH_PROTOCOL}`, ...more];
    socket.write(head(path, fields.map((field) => `${field}\r\n`).join("")));
    await once(socket, "close");
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toContain(says);
  });

  it("behind a request that is not answered yet loses its connection, and nobody else anything", async () => {
    const socket = connect(gateway.port, "127.0.0.1");
    const closed = once(socket, "close");
    socket.resume();
    socket.write(head("/processes/p/exit") + head(path, "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
    await closed;
    opened(await gateway.open(path, [ATTACH_PROTOCOL])).terminate();
  });

  it("leaves one line in the audit log, and no token in any", async () => {
    await using own = await webSocketGateway(agent);
    const attached = new Attached(opened(await own.open(path, [ATTACH_PROTOCOL, token("good")], {})));
    refused(await own.open(path, [ATTACH_PROTOCOL, token("sesame")], {}));
    attached.socket.close();
    await attached.closed;
    await waitFor("both lines", () => own.lines.length === 2);
    expect(own.lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { audit: "attach", user: "good", process: "p", sandbox: "a", result: "ok" },
      { route: "attachProcess", status: 401 },
    ]);
    expect(own.lines.join("")).not.toMatch(new RegExp(`sesame|${TOKEN_PROTOCOL_PREFIX}`));
  });
});

test.each<[headers: Record<string, string>, authorization: string | undefined]>([
  [{}, undefined],
  [{ "sec-websocket-protocol": ATTACH_PROTOCOL }, undefined],
  [{ "sec-websocket-protocol": `${ATTACH_PROTOCOL}, ${token("a.b-c")}` }, "Bearer a.b-c"],
  [{ "sec-websocket-protocol": token("a"), authorization: "Bearer b" }, "Bearer b"],
  [{ "sec-websocket-protocol": TOKEN_PROTOCOL_PREFIX }, "Bearer "],
])("%j is authenticated by %s", (headers, authorization) => {
  expect(webSocketAuthorization({ headers })).toBe(authorization);
});

test.each<[ErrorCode, number]>([
  ["invalid_argument", 1008],
  ["failed_precondition", 1008],
  ["not_found", 1008],
  ["internal", 1011],
  ["unavailable", 1013],
  ["resource_exhausted", 1013],
  ["deadline_exceeded", 1013],
])("%s closes a WebSocket with %i", (code, expected) => {
  expect(closeCode(new SandkeepError(code, "sandbox", ""))).toBe(expected);
});

test("an unknown error closes a WebSocket with 1011", () => {
  expect(closeCode(new TypeError("bug"))).toBe(1011);
});

function peer() {
  const calls: string[] = [];
  return { calls, pause: () => void calls.push("pause"), resume: () => void calls.push("resume") };
}

describe("an inbox", () => {
  const signal = new AbortController().signal;
  test("gives what came since the last time, in order, and the end with it", async () => {
    const inbox = new Inbox(peer());
    for (const text of ["a", "", "b"]) inbox.add(Buffer.from(text));
    expect(await inbox.take(signal)).toEqual({ octets: Buffer.from("ab"), ended: false });
    const next = inbox.take(signal);
    inbox.add(Buffer.from("c"));
    expect(await next).toMatchObject({ octets: Buffer.from("c"), ended: false });
    inbox.end();
    inbox.add(Buffer.from("late"));
    expect(await inbox.take(signal)).toEqual({ octets: Buffer.alloc(0), ended: true });
  });

  test.each([
    ["much", limits.heldOctets, 1],
    ["many", 1, limits.heldOctets / limits.octetsPerMessage],
  ])("stops the client when it holds too %s", async (_, octets, messages) => {
    const { calls, ...paused } = peer();
    const inbox = new Inbox(paused);
    for (let i = 0; i < messages; i++) inbox.add(Buffer.alloc(octets));
    expect(calls).toContain("pause");
    await inbox.take(signal);
    expect(calls.at(-1)).toBe("resume");
  });

  test("gives nothing to whom the signal ends", async () => {
    const ending = new AbortController();
    const taking = new Inbox(peer()).take(ending.signal);
    ending.abort(new Error("over"));
    await expect(taking).rejects.toThrow("over");
  });
});
