import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer, type Server } from "node:net";
import { generate } from "selfsigned";
import { publicAddress } from "./public-address.ts";

/** A part of the internet on this machine. */
export interface Outside extends AsyncDisposable {
  /** A public address. */
  address: string;
}

/**
 * Has a public address on this machine and listens there: HTTP on port 80, HTTPS on 443, TCP on 853 (DNS over TLS), and an
 * echo over UDP on 53 and 443 (QUIC).
 */
export async function outside(address: string): Promise<Outside> {
  const reached = await publicAddress(address);
  const { private: key, cert } = await generate([{ name: "commonName", value: "outside" }]);
  const servers: [Server, number][] = [
    [createHttpServer(answer), 80],
    [createTlsServer({ key, cert }, answer), 443],
    [createServer((socket) => socket.on("error", () => {}).pipe(socket)), 853],
  ];
  for (const [server, port] of servers) await once(server.listen(port, address), "listening");
  const echoes = await Promise.all([53, 443].map((port) => udpEcho(port, address)));
  return {
    address,
    async [Symbol.asyncDispose]() {
      for (const [server] of servers) server.close();
      for (const echo of echoes) echo.close();
      await reached[Symbol.asyncDispose]();
    },
  };
}

const answer: RequestListener = ({ headers }, response) => void response.end(`outside for ${headers.host}`);

async function udpEcho(port: number, address: string): Promise<UdpSocket> {
  const socket = createSocket("udp4");
  socket.on("message", (message, from) => socket.send(message, from.port, from.address));
  socket.bind(port, address);
  await once(socket, "listening");
  return socket;
}
