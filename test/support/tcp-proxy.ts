import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";

/** A TCP proxy to an API server, on loopback, whose faults a test chooses. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Breaks all connections, without a word of TLS or HTTP. */
  cut(): void;
  /** Breaks all connections and every new one, until `open`. */
  close(): void;
  open(): void;
}

export async function tcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let closed = false;
  const server: Server = createServer((client) => {
    if (closed) {
      client.destroy();
      return;
    }
    const upstream = connect(target);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on("error", () => {});
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    close() {
      closed = true;
      cut();
    },
    open() {
      closed = false;
    },
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
