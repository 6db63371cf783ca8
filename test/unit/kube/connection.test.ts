import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { afterEach, describe, expect, test, vi } from "vitest";
import { kubeClient } from "../../../src/kube/api-client.ts";
import { ConnectionError, isNotFound } from "../../../src/kube/api-error.ts";
import { Connection } from "../../../src/kube/connection.ts";
import { NODE } from "../../../src/kube/objects.ts";
import { stubServer } from "../../support/stub-server.ts";
import { waitFor } from "../../support/wait-for.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

async function tokenFile(token: string) {
  const folder = await mkdtemp(join(tmpdir(), "sandkeep-token-"));
  const path = join(folder, "token");
  await writeFile(path, token);
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

/** A server that takes connections and says nothing, not even TLS, as one that starts or hangs; and a connection to it. */
async function silentServer(user: object = {}) {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => sockets.push(socket.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const config = new KubeConfig();
  const cluster = { name: "silent", server: `https://127.0.0.1:${port}`, skipTLSVerify: true };
  config.loadFromClusterAndUser(cluster, { name: "user", ...user });
  const connection = new Connection(config);
  return {
    sockets,
    connection,
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("a connection", () => {
  test("keeps its TCP connections from one request to the next", async () => {
    await using server = await stubServer({ request: (_, response) => response.end("{}") });
    const kube = kubeClient(server.connection);
    for (let i = 0; i < 20; i++) await kube.getPath("/version");
    expect(server.opened).toBeLessThanOrEqual(2);
  });

  test("tells of a refusal that broke off as of a broken connection", async () => {
    await using server = await stubServer({
      request: (_, response) => {
        response.writeHead(500, { "content-length": "1000" }).write("{");
        setImmediate(() => response.destroy());
      },
    });
    await expect(kubeClient(server.connection).getPath("/x")).rejects.toBeInstanceOf(ConnectionError);
  });

  test("reads the token file again when the server refuses the token, and asks once more", async () => {
    await using token = await tokenFile("old\n");
    const seen: (string | undefined)[] = [];
    await using server = await stubServer({
      tokenFile: token.path,
      request: ({ headers: { authorization } }, response) => {
        seen.push(authorization);
        response.writeHead(authorization === "Bearer new" ? 200 : 401).end("{}");
      },
    });
    const kube = kubeClient(server.connection);
    await expect(kube.getPath("/x")).rejects.toMatchObject({ status: 401 });
    await writeFile(token.path, "new");
    await kube.getPath("/x");
    expect(seen).toEqual(["Bearer old", "Bearer old", "Bearer old", "Bearer new"]);
  });

  test("reads the token file again after a minute", async () => {
    await using token = await tokenFile("old");
    const seen: (string | undefined)[] = [];
    await using server = await stubServer({
      tokenFile: token.path,
      request: ({ headers }, response) => {
        seen.push(headers.authorization);
        response.end("{}");
      },
    });
    const kube = kubeClient(server.connection);
    await kube.getPath("/x");
    await writeFile(token.path, "new");
    await kube.getPath("/x");
    const start = performance.now();
    vi.spyOn(performance, "now").mockReturnValue(start + 61_000);
    await kube.getPath("/x");
    expect(seen).toEqual(["Bearer old", "Bearer old", "Bearer new"]);
  });

  test("says which token file is missing", async () => {
    await using server = await stubServer({ tokenFile: "/nowhere/token" });
    await expect(kubeClient(server.connection).getPath("/x")).rejects.toThrow(
      "Cannot read the API server token from /nowhere/token",
    );
  });

  test("waits as long as a busy server asks for", async () => {
    let requests = 0;
    await using server = await stubServer({
      request: (_, response) => {
        if (++requests === 1) response.writeHead(429, { "retry-after": "0.05" }).end();
        else response.end('{"done":true}');
      },
    });
    expect(await kubeClient(server.connection).getPath("/x")).toEqual({ done: true });
  });

  test("gives up on a server that stays busy", async () => {
    let requests = 0;
    await using server = await stubServer({
      request: (_, response) => {
        requests++;
        response.writeHead(429, { "retry-after": "0.01" }).end("too busy");
      },
    });
    await expect(kubeClient(server.connection).getPath("/x")).rejects.toThrow("too busy");
    expect(requests).toBe(6);
  });

  test.each([
    { name: "breaks the connection", request: (_: unknown, response: { destroy(): unknown }) => response.destroy() },
    {
      name: "breaks off its answer",
      request: (_: unknown, response: { write(text: string, done: () => void): unknown; destroy(): unknown }) =>
        response.write('{"ki', () => response.destroy()),
    },
    {
      name: "answers no JSON",
      request: (_: unknown, response: { end(text: string): unknown }) => response.end("<html>"),
    },
  ])("says what was tried when the server $name", async ({ request }) => {
    await using server = await stubServer({ request });
    const failure = await kubeClient(server.connection)
      .getPath("/version")
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConnectionError);
    expect(String(failure)).toContain("GET /version");
  });

  test("rejects with the signal's reason when aborted", async () => {
    await using server = await stubServer({});
    const controller = new AbortController();
    server.http.once("request", () => controller.abort(new Error("enough")));
    await expect(kubeClient(server.connection).getPath("/x", { signal: controller.signal })).rejects.toThrow("enough");
  });

  test("rejects at once when aborted before there is a connection: a leader's lease does not wait", async () => {
    await using server = await silentServer();
    const kube = kubeClient(server.connection);
    const controller = new AbortController();
    const requests = [1, 2, 3].map((i) => kube.getPath(`/${i}`, { signal: controller.signal }));
    await waitFor("a connection", () => server.sockets.length > 0);
    controller.abort(new Error("enough"));
    for (const request of requests) await expect(request).rejects.toThrow("enough");
  });

  test("connects for requests side by side: one that cannot connect holds up no other", async () => {
    await using server = await silentServer();
    const kube = kubeClient(server.connection);
    const requests = [1, 2, 3].map((i) => kube.getPath(`/${i}`).catch((error: unknown) => error));
    await waitFor("three connections", () => server.sockets.length === 3);
    await server.connection[Symbol.asyncDispose]();
    for (const error of await Promise.all(requests)) expect(error).toBeInstanceOf(ConnectionError);
  });

  test("fails the request, and nothing else, when it finds half a certificate", async () => {
    const half = Buffer.from("-----BEGIN CERTIFICATE-----\nMIIB").toString("base64");
    await using server = await silentServer({ certData: half, keyData: half });
    await expect(kubeClient(server.connection).getPath("/x")).rejects.toBeInstanceOf(ConnectionError);
  });

  test("deletes what is not there, and gets it not", async () => {
    await using server = await stubServer({ request: (_, response) => response.writeHead(404).end() });
    const kube = kubeClient(server.connection);
    await kube.delete(NODE, { name: "a" });
    expect(isNotFound(await kube.get(NODE, { name: "a" }).catch((error: unknown) => error))).toBe(true);
  });

  test("gives every object of a list its kind", async () => {
    const list = { metadata: { resourceVersion: "5", continue: "next" }, items: [{ metadata: { name: "a" } }] };
    await using server = await stubServer({ request: (_, response) => response.end(JSON.stringify(list)) });
    expect(await kubeClient(server.connection).list(NODE)).toEqual({
      resourceVersion: "5",
      continue: "next",
      items: [{ apiVersion: "v1", kind: "Node", metadata: { name: "a" } }],
    });
  });
});
