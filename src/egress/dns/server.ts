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
  /** Ends the connections over TCP of the addresses that are meant. */
  cut(isMeant: (source: string) => boolean): void;
}

/** What connections over TCP may take. */
export interface DnsLimits {
  /** Connections at once of one address. */
  ofOne: number;
  /** Milliseconds until a query, from the one before, has to be there whole, and until its answer has to be taken. */
  queryMilliseconds: number;
}

const defaults: DnsLimits = { ofOne: 16, queryMilliseconds: 10_000 };

/** Connections at once; each holds a query at most. */
const mostConnections = 1024;

/** Serves DNS on this port of every address, over UDP and TCP; port 0 takes any that is free for both. */
export async function serveDns(port: number, answer: Answer, limits: DnsLimits = defaults): Promise<DnsServer> {
  const connections = new Map<Socket, string>();
  const bySource = new Map<string, number>();
  const tcp = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const source = plainAddress(socket.remoteAddress ?? "");
    const others = bySource.get(source) ?? 0;
    if (others >= limits.ofOne) return socket.resetAndDestroy();
    bySource.set(source, others + 1);
    connections.set(socket, source);
    socket.once("close", () => {
      connections.delete(socket);
      const left = (bySource.get(source) ?? 0) - 1;
      if (left > 0) bySource.set(source, left);
      else bySource.delete(source);
    });
    return void serveConnection(socket, (query) => answer(query, source, "tcp"), limits.queryMilliseconds);
  });
  tcp.maxConnections = mostConnections;
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
    cut(isMeant) {
      for (const [socket, source] of connections) if (isMeant(source)) socket.resetAndDestroy();
    },
    async [Symbol.asyncDispose]() {
      udp.close();
      for (const socket of connections.keys()) socket.destroy();
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
async function serveConnection(
  socket: Socket,
  answer: (query: Buffer) => Promise<Buffer | undefined>,
  queryMilliseconds: number,
): Promise<void> {
  const late = setTimeout(() => socket.destroy(), queryMilliseconds);
  socket.once("close", () => clearTimeout(late));
  const replies = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const frames = new DnsFrames(MOST_QUERY_OCTETS);
    for await (const chunk of chunks) {
      for (const query of frames.take(chunk)) {
        late.refresh();
        const reply = await answer(query);
        late.refresh();
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
