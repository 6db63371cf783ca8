import { expect, test } from "vitest";
import type { TransportReply } from "../../../../src/sdk/http/transport.ts";
import { nodeTransport } from "../../../../src/sdk/node/transport.ts";
import { waitFor } from "../../../support/wait-for.ts";
import { httpStub, webSocketStub, type Stub } from "./gateway-stub.ts";

const refusal = async () => new Error("refused");

const statusOf = async ({ status }: TransportReply) => new Error(String(status));

async function open({ url }: Stub, signal?: AbortSignal) {
  const { webSocket } = nodeTransport({ url, token: () => "secret" });
  return await webSocket("/v1/attach", "test", refusal, signal);
}

test("messages go both ways until the end", async () => {
  await using stub = await webSocketStub((socket) => {
    socket.on("message", (message: Buffer) => {
      if (message.length === 0) socket.close(1000);
      else socket.send(message);
    });
  });
  const socket = await open(stub);
  await socket.send(Buffer.from("one"));
  await socket.send(Buffer.from("two"));
  await socket.send(Buffer.alloc(0));
  const heard: string[] = [];
  for await (const message of socket.messages) heard.push(Buffer.from(message).toString());
  expect(heard).toEqual(["one", "two"]);
});

test("whoever reads slowly holds the sender back, and loses nothing", async () => {
  const messages = 400;
  let sent = 0;
  await using stub = await webSocketStub((socket) => {
    const send = () => {
      if (sent++ < messages) socket.send(Buffer.alloc(1 << 16, sent), send);
      else socket.close(1000);
    };
    send();
  });
  const socket = await open(stub);
  let before = -1;
  await waitFor("the sender to be held back", () => sent === before || void (before = sent));
  expect(sent).toBeLessThan(messages);
  let next = 0;
  for await (const message of socket.messages) expect(message[0]).toBe(++next % 256);
  expect(next).toBe(messages);
});

test("send waits for who does not take", async () => {
  await using stub = await webSocketStub((socket) => socket.pause());
  const socket = await open(stub);
  let sent = 0;
  const sending = (async () => {
    for (; sent < 1000; sent++) await socket.send(Buffer.alloc(1 << 16));
  })();
  sending.catch(() => {});
  let before = -1;
  await waitFor("the sender to be held back", () => sent === before || void (before = sent));
  expect(sent).toBeLessThan(1000);
  stub.cut();
  await expect(sending).rejects.toMatchObject({ name: "ConnectionError" });
});

test.each([
  ["a close with another code", { code: 1012, reason: "later" }, (stub: Stub) => void stub],
  ["a connection that breaks", { code: 1006, reason: "" }, (stub: Stub) => stub.cut()],
])("%s is a ConnectionError that tells how it closed", async (_, closed, cut) => {
  await using stub = await webSocketStub((socket) => {
    socket.once("message", () => (closed.code === 1006 ? cut(stub) : socket.close(closed.code, closed.reason)));
  });
  const socket = await open(stub);
  await socket.send(Buffer.from("go"));
  const reading = async () => {
    for await (const _ of socket.messages);
  };
  await expect(reading()).rejects.toMatchObject({ name: "ConnectionError", closed });
});

test("a reader who leaves closes it", async () => {
  const closed = Promise.withResolvers<number>();
  await using stub = await webSocketStub((socket) => {
    socket.once("close", closed.resolve);
    socket.send("hello");
  });
  for await (const _ of (await open(stub)).messages) break;
  expect(await closed.promise).toBe(1000);
});

test("a refusal is what the caller makes of the reply", async () => {
  const heard: unknown[] = [];
  await using stub = await httpStub((request, response) => {
    heard.push(request.headers.authorization, request.headers["sec-websocket-protocol"]);
    response.writeHead(403).end("no");
  });
  await expect(open(stub)).rejects.toThrow("refused");
  expect(heard).toEqual(["Bearer secret", "test"]);
});

test("a refused token is replaced, and the WebSocket asked for again", async () => {
  const heard: unknown[] = [];
  await using stub = await httpStub(({ headers }, response) => {
    heard.push(headers.authorization);
    response.writeHead(headers.authorization === "Bearer new" ? 403 : 401).end();
  });
  let token = "old";
  const refused = () => {
    token = "new";
    return true;
  };
  const { webSocket } = nodeTransport({ url: stub.url, token: () => token, refused });
  await expect(webSocket("/v1/attach", "test", statusOf)).rejects.toThrow("403");
  expect(heard).toEqual(["Bearer old", "Bearer new"]);
});

test("aborted while it opens, it rejects with the reason", async () => {
  const reason = new Error("changed my mind");
  const controller = new AbortController();
  await using stub = await httpStub(() => controller.abort(reason));
  await expect(open(stub, controller.signal)).rejects.toBe(reason);
});

test("a server that is not there is a ConnectionError", async () => {
  const stub = await httpStub(() => {});
  await stub[Symbol.asyncDispose]();
  await expect(open(stub)).rejects.toMatchObject({ name: "ConnectionError" });
});
