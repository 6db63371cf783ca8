import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { plainAddress } from "../client.ts";
import { DnsFrames, framed } from "./frames.ts";
import type { Protocol } from "./forward.ts";
import { MOST_QUERY_OCTETS } from "./question.ts";

export type Answer = (query: Buffer, source: string, protocol: Protocol) => Promise<Buffer | undefined>;

/** A DNS server that listens, until disposed. */
export interface DnsServer extends AsyncDisposable {
  readonly port: number;
}

/** Milliseconds after which a connection on which nothing is asked is closed. */
const idleMilliseconds = 10_000;

/** Connections at once; each holds a query at most. */
const mostConnections = 1024;

/** Serves DNS on this port of every address, over UDP and TCP; port 0 takes any that is free for both. */
export async function serveDns(port: number, answer: Answer): Promise<DnsServer> {
  const tcp = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => void serveConnection(socket, answer));
  tcp.maxConnections = mostConnections;
  const connections = new Set<Socket>();
  tcp.on("connection", (socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  tcp.listen(port);
  await once(tcp, "listening");
  const { port: taken } = tcp.address() as AddressInfo;
  const udp = await bindUdp(taken);
  udp.on("message", (query, { address, port }) => {
    const reply = (message: Buffer | undefined): void => message && udp.send(message, port, address, () => {});
    answer(query, plainAddress(address), "udp").then(reply, () => {});
  });
  return {
    port: taken,
    async [Symbol.asyncDispose]() {
      udp.close();
      for (const socket of connections) socket.destroy();
      await closed(tcp);
    },
  };
}

/** Of both families where the node has both. */
async function bindUdp(port: number): Promise<UdpSocket> {
  const bind = async (socket: UdpSocket): Promise<UdpSocket> => {
    socket.bind(port);
    await once(socket, "listening");
    return socket;
  };
  try {
    return await bind(createSocket("udp6"));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EAFNOSUPPORT")) throw error;
    return await bind(createSocket("udp4"));
  }
}

/** Answers what is asked over a connection, one query after the other. */
async function serveConnection(socket: Socket, answer: Answer): Promise<void> {
  const source = plainAddress(socket.remoteAddress ?? "");
  socket.setTimeout(idleMilliseconds, () => socket.destroy());
  const replies = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const frames = new DnsFrames(MOST_QUERY_OCTETS);
    for await (const chunk of chunks) {
      for (const query of frames.take(chunk)) {
        const reply = await answer(query, source, "tcp");
        if (reply !== undefined) yield framed(reply);
      }
    }
  };
  // A client that breaks off, or sends what is no DNS, ends its own connection only.
  await pipeline(socket, replies, socket).catch(() => socket.destroy());
}

async function closed(server: Server): Promise<void> {
  const closing = once(server, "close");
  server.close();
  await closing;
}
