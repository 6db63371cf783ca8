import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { sleep } from "../../lib/sleep.ts";

/** Resolves with the port once the server listens; rejects when it cannot, naming the address. */
export async function listen(server: Server, port: number, host?: string): Promise<number> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new Error(
      `Cannot listen on ${host ?? "*"} port ${port}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
  return (server.address() as AddressInfo).port;
}

/** Takes no more connections, lets requests under way end for some seconds, then cuts them. Tells how many it cut. */
export async function drain(server: Server, seconds: number): Promise<number> {
  const closed = once(server, "close");
  server.close();
  const deadline = performance.now() + seconds * 1000;
  let open = await connections(server);
  while (open > 0 && performance.now() < deadline) {
    server.closeIdleConnections();
    await sleep(50);
    open = await connections(server);
  }
  server.closeAllConnections();
  await closed;
  return open;
}

function connections(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}
