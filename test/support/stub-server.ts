import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { WebSocketServer, type WebSocket } from "ws";
import { Connection } from "../../src/kube/connection.ts";

export interface StubServer extends AsyncDisposable {
  readonly http: Server;
  readonly connection: Connection;
  /** Connections that clients have opened so far. */
  readonly opened: number;
}

export interface StubOptions {
  request?: (request: IncomingMessage, response: ServerResponse) => void;
  socket?: (socket: WebSocket, request: IncomingMessage) => void;
  tokenFile?: string;
}

/** A server on loopback that misbehaves as a test wants, and a connection to it. */
export async function stubServer({ request, socket, tokenFile }: StubOptions): Promise<StubServer> {
  const http = createServer((incoming, response) => request?.(incoming, response));
  let opened = 0;
  http.on("connection", () => opened++);
  if (socket) new WebSocketServer({ server: http, perMessageDeflate: false }).on("connection", socket);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;

  const config = new KubeConfig();
  const authProvider = { name: "tokenFile", config: { tokenFile } };
  config.loadFromClusterAndUser(
    { name: "stub", server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
    { name: "user", ...(tokenFile !== undefined && { authProvider }) },
  );
  const connection = new Connection(config);
  return {
    http,
    connection,
    get opened() {
      return opened;
    },
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
