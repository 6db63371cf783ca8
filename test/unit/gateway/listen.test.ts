import { once } from "node:events";
import { Agent, createServer, get } from "node:https";
import { connect } from "node:net";
import { expect, it } from "vitest";
import { selfMade } from "../../../src/gateway/server/certificate.ts";
import { listen, type Listening } from "../../../src/gateway/server/listen.ts";

const slow = "/slow";

/** A server that answers everything but `slow`, which it leaves open; `reached` resolves with its first connection. */
async function serving(): Promise<Listening & { reached: Promise<unknown> }> {
  const server = createServer(await selfMade(["localhost"], new Date()), (request, response) => {
    if (request.url !== slow) response.end("ok");
  });
  const reached = once(server, "connection");
  return { ...(await listen(server, 0, "127.0.0.1")), reached };
}

it("drains at once when nothing is under way, whatever came before", async () => {
  const server = await serving();
  const agent = new Agent({ keepAlive: true });
  const request = get({ host: "127.0.0.1", port: server.port, agent, rejectUnauthorized: false });
  const [response] = await once(request, "response");
  await once(response.resume(), "end");
  const begun = performance.now();
  expect(await server.drain(60)).toBe(0);
  expect(performance.now() - begun).toBeLessThan(5_000);
});

it("cuts a request that does not end in time", async () => {
  const server = await serving();
  const request = get({ host: "127.0.0.1", port: server.port, path: slow, rejectUnauthorized: false });
  const cut = once(request, "error");
  await once(request, "socket").then(([socket]) => once(socket, "secureConnect"));
  expect(await server.drain(0.2)).toBe(1);
  await cut;
});

it("calls what is still there a second before it cuts it", async () => {
  const server = await serving();
  const request = get({ host: "127.0.0.1", port: server.port, path: slow, rejectUnauthorized: false });
  request.on("error", () => {});
  await once(request, "socket").then(([socket]) => once(socket, "secureConnect"));
  expect(await server.drain(1.2, () => void request.destroy())).toBe(0);
});

it("cuts a connection that has not come to HTTP yet: its handshake may last for minutes", async () => {
  const server = await serving();
  const socket = connect(server.port, "127.0.0.1");
  await server.reached;
  const closed = once(socket, "close");
  expect(await server.drain(0.2)).toBe(1);
  await closed;
});
