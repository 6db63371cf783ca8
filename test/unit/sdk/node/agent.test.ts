import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { agentFor } from "../../../../src/sdk/node/agent.ts";

/** The connection that an agent makes of one that nothing can be written to any more. */
async function broken(): Promise<Socket> {
  const error = Object.assign(new Error("broken"), { code: "EPIPE" });
  const below = new Duplex({ read: () => {}, write: (_, __, done) => done(error) });
  below.on("error", () => {});
  const agent = agentFor(false, { connect: () => Promise.resolve(below as Socket) });
  return await new Promise((resolve, reject) => {
    agent.createConnection({}, (error, socket) => (error ? reject(error) : resolve(socket as Socket)));
  });
}

test.each([
  ["its end", (socket: Socket) => void socket.push(null)],
  ["its close, where it has no end", (socket: Socket) => void socket.destroy()],
])("a connection that cannot be written to any more is read on, up to %s", async (_, end) => {
  const socket = await broken();
  const written = new Promise<Error | null | undefined>((resolve) => socket.write("x", resolve));
  const first = await Promise.race([written, new Promise((resolve) => setImmediate(resolve, "waits"))]);
  expect(first).toBe("waits");
  socket.resume();
  end(socket);
  expect(await written).toMatchObject({ code: "EPIPE" });
});
