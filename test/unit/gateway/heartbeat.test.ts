import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WebSocket, WebSocketServer, type ClientOptions } from "ws";
import { heartbeat } from "../../../src/gateway/websocket/heartbeat.ts";
import { waitFor } from "../../support/wait-for.ts";

const times = { pingMilliseconds: 20, silenceMilliseconds: 200 };
const chunk = Buffer.alloc(64 << 10);

let server: WebSocketServer;
beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
});
afterEach(() => {
  for (const socket of server.clients) socket.terminate();
  server.close();
});

async function pair(options: ClientOptions = {}): Promise<{ client: WebSocket; socket: WebSocket; alive: () => void }> {
  const connected = once(server, "connection");
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, options);
  client.on("error", () => {});
  const [socket, request] = await connected;
  return { client, socket, alive: heartbeat(socket, request.socket, times) };
}

/** Three times the silence that ends a WebSocket. */
async function aWhile(during: () => void = () => {}): Promise<void> {
  const end = performance.now() + 3 * times.silenceMilliseconds;
  await waitFor("a while", () => {
    during();
    return performance.now() > end;
  });
}

it("keeps a client that answers", async () => {
  const { client, socket } = await pair();
  await aWhile();
  expect(socket.readyState).toBe(WebSocket.OPEN);
  client.terminate();
});

it("gives up a client that neither answers nor sends", async () => {
  const { socket } = await pair({ autoPong: false });
  const [code] = await once(socket, "close");
  expect(code).toBe(1006);
});

it.each<[what: string, during: (client: WebSocket, alive: () => void) => void]>([
  ["sends something", (client) => client.send("x")],
  ["takes something", (_, alive) => alive()],
])("keeps a client that does not answer yet, but %s", async (_, during) => {
  const { client, socket, alive } = await pair({ autoPong: false });
  await once(client, "open");
  await aWhile(() => during(client, alive));
  expect(socket.readyState).toBe(WebSocket.OPEN);
});

it("gives up a client that has stopped reading", async () => {
  const { client, socket } = await pair();
  await once(client, "open");
  client.pause();
  for (let i = 0; i < 200; i++) socket.send(chunk);
  await once(socket, "close");
});

it("keeps a client that is not being read from: it cannot answer", async () => {
  const { socket } = await pair();
  socket.pause();
  await aWhile();
  expect(socket.readyState).toBe(WebSocket.OPEN);
});
