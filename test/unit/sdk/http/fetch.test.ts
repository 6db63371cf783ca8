import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { TOKEN_PROTOCOL_PREFIX } from "../../../../src/api/constants.ts";
import { fetchTransport } from "../../../../src/sdk/http/fetch.ts";
import { httpStub, tcpStub, webSocketStub } from "../node/gateway-stub.ts";

async function* pieces() {
  yield Buffer.from("a ");
  yield Buffer.from("stream");
}

describe("over fetch, a request", () => {
  test.each([
    ["of text", "text", true, "text"],
    ["of octets", Buffer.from("octets"), true, "octets"],
    ["of a stream", pieces(), true, "a stream"],
    ["of a stream that has to be collected", pieces(), false, "a stream"],
  ])("%s comes with method, path, headers and token", async (_, body, streams, expected) => {
    await using stub = await httpStub((request, response) => {
      const { method, url, headers } = request;
      response.writeHead(201, { "Sandkeep-Offset": "7" });
      void text(request).then((heard) => response.end(JSON.stringify({ method, url, ...headers, heard })));
    });
    const transport = fetchTransport({ url: `${stub.url}/`, token: () => "secret", streams });
    const reply = await transport.request({ method: "PUT", path: "/v1/x?a=b", headers: { "x-y": "z" }, body });
    expect([reply.status, reply.header("sandkeep-offset"), reply.header("other")]).toEqual([201, "7", undefined]);
    expect(JSON.parse(await text(reply.body))).toMatchObject({
      method: "PUT",
      url: "/v1/x?a=b",
      authorization: "Bearer secret",
      "x-y": "z",
      heard: expected,
    });
  });

  test("that finds nobody is a ConnectionError", async () => {
    const stub = await tcpStub(() => {});
    await stub[Symbol.asyncDispose]();
    await expect(fetchTransport({ url: stub.url }).request({ method: "GET", path: "/v1/" })).rejects.toMatchObject({
      name: "ConnectionError",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  test.each([
    ["shorter than its length", "Content-Length: 10\r\n\r\nshort"],
    ["within a chunk", "Transfer-Encoding: chunked\r\n\r\n9\r\nshort"],
  ])("whose reply ended %s throws", async (_, rest) => {
    await using stub = await tcpStub((socket) => {
      socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\n${rest}`));
    });
    const { body } = await fetchTransport({ url: stub.url }).request({ method: "GET", path: "/v1/" });
    await expect(text(body)).rejects.toMatchObject({ name: "ConnectionError" });
  });

  test("that is aborted rejects with the reason, while it waits and while its reply is read", async () => {
    await using stub = await httpStub(({ url }, response) => {
      if (url === "/v1/late") controller.abort(reason);
      else response.write("some");
    });
    const reason = new Error("changed my mind");
    let controller = new AbortController();
    const transport = fetchTransport({ url: stub.url });
    const request = (path: string) => transport.request({ method: "GET", path, signal: controller.signal });
    await expect(request("/v1/late")).rejects.toBe(reason);

    controller = new AbortController();
    const { body } = await request("/v1/slow");
    const reading = async () => {
      for await (const _ of body) controller.abort(reason);
    };
    await expect(reading()).rejects.toBe(reason);
  });
});

describe("a WebSocket as browsers have them", () => {
  test("brings the token as a subprotocol, and carries messages until the end", async () => {
    const offered: unknown[] = [];
    await using stub = await webSocketStub((socket, request) => {
      offered.push(request.headers["sec-websocket-protocol"]);
      socket.on("message", (message: Buffer) => (message.length === 0 ? socket.close(1000) : socket.send(message)));
    });
    const socket = await fetchTransport({ url: stub.url, token: () => "sécret?" }).webSocket?.(
      "/v1/attach",
      "test",
      async () => new Error("refused"),
    );
    await socket?.send(Buffer.from("one"));
    await socket?.send(Buffer.alloc(0));
    const heard: string[] = [];
    for await (const message of socket?.messages ?? []) heard.push(Buffer.from(message).toString());
    expect(heard).toEqual(["one"]);
    expect(offered).toEqual([`test, ${TOKEN_PROTOCOL_PREFIX}${Buffer.from("sécret?").toString("base64url")}`]);
  });

  test.each([1012, 1013])("tells that it closed with %i", async (code) => {
    await using stub = await webSocketStub((socket) => socket.close(code, "why"));
    const { webSocket } = fetchTransport({ url: stub.url });
    const socket = await webSocket?.("/v1/attach", "test", async () => new Error("refused"));
    const reading = async () => {
      for await (const _ of socket?.messages ?? []);
    };
    await expect(reading()).rejects.toMatchObject({ name: "ConnectionError", closed: { code, reason: "why" } });
  });

  test("that is refused is a ConnectionError", async () => {
    await using stub = await httpStub((_, response) => response.writeHead(403).end());
    const { webSocket } = fetchTransport({ url: stub.url });
    await expect(webSocket?.("/v1/attach", "test", async () => new Error("refused"))).rejects.toMatchObject({
      name: "ConnectionError",
    });
  });
});
