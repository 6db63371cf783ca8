import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { answers } from "../../../../src/operator/tunnels/answers.ts";

it("takes for an answer that a connection is accepted, or refused", async () => {
  const server = createServer((socket) => void socket.destroy()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { signal } = new AbortController();
  expect(await answers("127.0.0.1", signal, port)).toBe(true);
  server.close();
  await once(server, "close");
  expect(await answers("127.0.0.1", signal, port)).toBe(true);
});

it("ends when it is aborted", async () => {
  await expect(answers("127.0.0.1", AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
});
