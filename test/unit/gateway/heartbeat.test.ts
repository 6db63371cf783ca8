import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { WebSocket, WebSocketServer, type ClientOptions } from "ws";
import { heartbeat } from "../../../src/gateway/websocket/heartbeat.ts";

const times = { pingMilliseconds: 20, silenceMilliseconds: 200 };
const chunk = Buffer.alloc(64 << 10);

let server: WebSocketServer;
beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
  for (const socket of server.clients) socket.terminate();
  server.close();
});

async function pair(options: ClientOptions = {}): Promise<{ client: WebSocket; socket: WebSocket; alive: () => void }> {
  const connected = once(server, "connection");
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, options);
  client.on("error", () => {});
  const opened = once(client, "open");
  const [socket, request] = await connected;
  await opened;
  return { client, socket, alive: heartbeat(socket, request.socket, times) };
}

function untilPing(): void {
  vi.advanceTimersByTime(times.pingMilliseconds);
}

/** Three times the silence that ends a WebSocket, as so many pings with this at each of them. */
async function aWhile(atPing: () => Promise<unknown> | void): Promise<void> {
  const pings = (3 * times.silenceMilliseconds) / times.pingMilliseconds;
  for (let ping = 0; ping < pings; ping++) {
    const done = atPing();
    untilPing();
    await done;
  }
}

/** Longer than the silence that ends a WebSocket. */
function silence(): void {
  vi.advanceTimersByTime(times.silenceMilliseconds + times.pingMilliseconds);
}

it("keeps a client that answers", async () => {
  const { socket } = await pair();
  await aWhile(() => once(socket, "pong"));
  expect(socket.readyState).toBe(WebSocket.OPEN);
});

it("gives up a client that neither answers nor sends", async () => {
  const { socket } = await pair({ autoPong: false });
  const closed = once(socket, "close");
  silence();
  expect((await closed)[0]).toBe(1006);
});

it.each<[what: string, atPing: (socket: WebSocket, client: WebSocket, alive: () => void) => Promise<unknown> | void]>([
  [
    "sends something",
    (socket, client) => {
      client.send("x");
      return once(socket, "message");
    },
  ],
  ["takes something", (_socket, _client, alive) => alive()],
])("keeps a client that does not answer yet, but %s", async (_, atPing) => {
  const { client, socket, alive } = await pair({ autoPong: false });
  await aWhile(() => atPing(socket, client, alive));
  expect(socket.readyState).toBe(WebSocket.OPEN);
});

it("gives up a client that has stopped reading", async () => {
  const { client, socket } = await pair();
  const closed = once(socket, "close");
  client.pause();
  for (let i = 0; i < 200; i++) socket.send(chunk);
  silence();
  await closed;
});

it("keeps a client that is not being read from: it cannot answer", async () => {
  const { socket } = await pair();
  socket.pause();
  await aWhile(() => {});
  expect(socket.readyState).toBe(WebSocket.OPEN);
});
