import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { selfMade } from "../../../../src/gateway/server/certificate.ts";

/** A server on loopback, and how it is reached. */
export interface Stub extends AsyncDisposable {
  url: string;
  /** PEM, of those that speak TLS. */
  certificate: string;
  /** Connections opened so far. */
  readonly opened: number;
  /** Breaks all connections. */
  cut: () => void;
}

/** Serves HTTP. */
export function httpStub(handle: RequestListener): Promise<Stub> {
  return listening(createServer(handle), "http");
}

/** Serves HTTP over TLS, with a self-made certificate for these names. */
export async function httpsStub(handle: RequestListener, names: string[] = ["127.0.0.1"]): Promise<Stub> {
  const certificate = await selfMade(names, new Date());
  return await listening(createSecureServer(certificate, handle), "https", certificate.cert);
}

/** Serves TCP. */
export function tcpStub(handle: (socket: Socket) => void): Promise<Stub> {
  return listening(createTcpServer(handle), "http");
}

/** Serves WebSockets of the subprotocol `test`. */
export function webSocketStub(handle: (socket: WebSocket, request: IncomingMessage) => void): Promise<Stub> {
  const server = createServer((_, response) => response.writeHead(426).end());
  const sockets = new WebSocketServer({ server, handleProtocols: () => "test" });
  sockets.on("connection", handle);
  return listening(server, "http");
}

async function listening(server: Server, scheme: string, certificate = ""): Promise<Stub> {
  const sockets = new Set<Socket>();
  let opened = 0;
  server.on("connection", (socket: Socket) => {
    opened++;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => sockets.forEach((socket) => socket.destroy());
  return {
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    certificate,
    get opened() {
      return opened;
    },
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
