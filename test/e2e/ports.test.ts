import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PORT_PROTOCOL } from "../../src/api/constants.ts";
import { PortConnection } from "../support/port-connection.ts";
import { waitFor } from "../support/wait-for.ts";
import { opened, refused } from "../support/web-socket.ts";
import { runtimes } from "./runtimes.ts";
import { newTenant, small, type Tenant } from "./tenant.ts";

let tenant: Tenant;
beforeAll(async () => {
  tenant = await newTenant();
});
afterAll(() => tenant[Symbol.asyncDispose]());

/** Starts a program and waits until something listens at its port. */
async function listening(id: string, port: number, command: string[]): Promise<void> {
  await tenant.gateway.send("POST", `/sandboxes/${id}/processes`, { id: `port-${port}`, command });
  await waitFor(`port ${port} to be open`, async () => {
    (await connect(id, port)).socket.terminate();
    return true;
  });
}

async function connect(id: string, port: number): Promise<PortConnection> {
  return new PortConnection(
    opened(await tenant.gateway.openWebSocket(`/sandboxes/${id}/ports/${port}`, [PORT_PROTOCOL])),
  );
}

/** An echo server in Python, which also goes on writing when it has read the end. */
const pythonEcho = `
import socketserver
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while chunk := self.request.recv(65536): self.request.sendall(chunk)
        self.request.sendall(b"over")
socketserver.ThreadingTCPServer(("127.0.0.1", 7000), Echo).serve_forever()
`;

/** Says something, ends, and listens on; at the Pod's own address alone. */
const pythonGreeter = `
import socket, socketserver
class Greeter(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"greeting")
        self.request.shutdown(socket.SHUT_WR)
        heard = self.request.makefile("rb").read()
        open("/tmp/heard", "wb").write(heard)
own = socket.gethostbyname(socket.gethostname())
socketserver.ThreadingTCPServer((own, 7001), Greeter).serve_forever()
`;

describe.each(runtimes)("a port in Python's image under %s", (_, spec) => {
  let id: string;
  beforeAll(async () => {
    ({ id } = await tenant.gateway.create({ spec: { ...small, image: "python:3.11-slim", ...spec } }, "started"));
  });

  test("carries 50 MB each way, and lets the client end first", async () => {
    await listening(id, 7000, ["python3", "-c", pythonEcho]);
    const connection = await connect(id, 7000);
    const octets = randomBytes(50 << 20);
    for (let at = 0; at < octets.length; at += 250_000) await connection.write(octets.subarray(at, at + 250_000));
    connection.end();
    expect(await connection.closed).toEqual({ code: 1000, reason: "" });
    const expected = createHash("sha256").update(octets).update("over").digest("hex");
    expect(createHash("sha256").update(Buffer.concat(connection.chunks)).digest("hex")).toBe(expected);
  });

  test("is found at the Pod's own address, and may end first", async () => {
    await listening(id, 7001, ["python3", "-c", pythonGreeter]);
    const connection = await connect(id, 7001);
    await waitFor("the greeting and the end", () => connection.ended);
    expect(connection.text).toBe("greeting");
    await connection.write("late words");
    connection.end();
    expect(await connection.closed).toMatchObject({ code: 1000 });
    await waitFor("them to be heard", async () => {
      const { stdout } = await tenant.gateway.exec(id, { command: ["cat", "/tmp/heard"] });
      return stdout === "late words";
    });
  });
});

describe.each(runtimes)("a port in busybox under %s", (_, spec) => {
  let id: string;
  beforeAll(async () => {
    ({ id } = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable", ...spec } }, "started"));
  });

  test("answers HTTP", async () => {
    await tenant.gateway.exec(id, { command: ["sh", "-c", "mkdir /tmp/www; echo hello > /tmp/www/index.html"] });
    await listening(id, 8080, ["busybox", "httpd", "-f", "-p", "8080", "-h", "/tmp/www"]);
    const connection = await connect(id, 8080);
    await connection.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await waitFor("the end", () => connection.ended);
    expect(connection.text).toMatch(/^HTTP\/1.1 200 [^]*hello\n$/);
    connection.end();
    await connection.closed;
  });

  test("where nothing listens is refused before there is a WebSocket", async () => {
    const answer = await tenant.gateway.openWebSocket(`/sandboxes/${id}/ports/81`, [PORT_PROTOCOL]);
    expect(refused(answer)).toMatchObject({
      status: 503,
      json: { code: "unavailable", resource: "port", message: expect.stringContaining("port 81") },
    });
  });
});

test("a port is refused to who may only look", async () => {
  await using viewer = await newTenant("view");
  const answer = await viewer.gateway.openWebSocket("/sandboxes/any/ports/80", [PORT_PROTOCOL]);
  expect(refused(answer)).toMatchObject({ status: 403, json: { code: "permission_denied" } });
});
