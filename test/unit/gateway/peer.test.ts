import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { limits } from "../../../src/gateway/websocket/limits.ts";
import { Peer } from "../../../src/gateway/websocket/peer.ts";

let server: WebSocketServer;
beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
});
afterEach(() => {
  for (const socket of server.clients) socket.terminate();
  server.close();
});

it("lets few messages wait for a client that takes none, however short they are", async () => {
  const connected = once(server, "connection");
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [[socket, request]] = await Promise.all([connected, once(client, "open")]);
  const peer = new Peer(socket, () => {});
  const most = limits.aheadOctets / limits.octetsPerMessage;
  let sent = 0;
  const send = async () => {
    for (let i = 0; i < 2 * most; i++) {
      await peer.send(Buffer.alloc(1));
      sent += 1;
    }
  };
  request.socket.cork();
  const sending = send();
  await new Promise((resolve) => setImmediate(resolve));
  expect(sent).toBeGreaterThan(most / 2);
  expect(sent).toBeLessThan(most);
  request.socket.uncork();
  await sending;
  client.terminate();
});
