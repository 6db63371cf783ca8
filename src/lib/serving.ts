import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** An HTTP server that listens, until disposed: its connections are cut then. */
export interface Serving extends AsyncDisposable {
  readonly port: number;
}

/** Has a server listen, at port 0 at any free one; rejects when it cannot. */
export async function serving(server: Server, port: number): Promise<Serving> {
  server.listen(port);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
