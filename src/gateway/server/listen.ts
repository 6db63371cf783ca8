import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { sleep } from "../../lib/sleep.ts";

export interface Listening {
  port: number;
  /**
   * Takes no more connections, lets requests under way end for some seconds, then cuts them. Tells how many it cut.
   * `lastCall` is called a second before, if there are any, to end them more gently.
   */
  drain(seconds: number, lastCall?: () => void): Promise<number>;
}

const lastMilliseconds = 1_000;

/** Resolves once the server listens; rejects when it cannot, naming the address. */
export async function listen(server: Server, port: number, host?: string): Promise<Listening> {
  // The server itself knows only those that have come to HTTP: a TLS handshake under way would hold up its end.
  const connections = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new Error(
      `Cannot listen on ${host ?? "*"} port ${port}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
  return { port: (server.address() as AddressInfo).port, drain: (...how) => drain(server, connections, ...how) };
}

async function drain(
  server: Server,
  connections: ReadonlySet<Socket>,
  seconds: number,
  lastCall: () => void = () => {},
): Promise<number> {
  const closed = once(server, "close");
  server.close();
  const deadline = performance.now() + seconds * 1000;
  const until = async (time: number) => {
    while (connections.size > 0 && performance.now() < time) {
      server.closeIdleConnections();
      await sleep(50);
    }
  };
  await until(deadline - lastMilliseconds);
  lastCall();
  await until(deadline);
  const cut = connections.size;
  for (const socket of connections) socket.destroy();
  await closed;
  return cut;
}
