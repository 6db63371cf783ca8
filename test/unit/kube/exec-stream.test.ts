import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { ExecStream } from "../../../src/kube/exec-stream.ts";

test("long frames, which go past the WebSocket, are whole messages, in their order among short ones", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  const messages: Buffer[] = [];
  server.once("connection", (socket) =>
    socket.on("message", (message: Buffer) => {
      messages.push(message);
      if (message[0] !== 255) return;
      socket.send(Buffer.from(`\u0003${JSON.stringify({ status: "Success" })}`));
      socket.close(1000);
    }),
  );
  try {
    await once(server, "listening");
    const stream = await openTo((server.address() as AddressInfo).port);
    const body = randomBytes(1_000_003);
    const pieces = [1, 65_534, 131_069, 131_070, 1_000_000, body.length].map((end, i, ends) =>
      body.subarray(i === 0 ? 0 : ends[i - 1], end),
    );
    for (const piece of pieces) await new Promise((written) => stream.write(piece, written));
    stream.end();
    expect(await stream.status).toEqual({ code: 0 });
    const stdin = messages.filter(([channel]) => channel === 0).map((message) => message.subarray(1));
    expect(Buffer.concat(stdin).equals(body)).toBe(true);
    expect(Math.max(...stdin.map(({ length }) => length))).toBe(256 << 10);
  } finally {
    server.close();
  }
});

/** An exec stream that has the connection below its WebSocket. */
async function openTo(port: number): Promise<ExecStream> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  let connection: Socket | undefined;
  socket.once("upgrade", (response) => (connection = response.socket));
  await once(socket, "open");
  return new ExecStream(socket, "exec", connection);
}
