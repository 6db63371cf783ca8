import { createSocket } from "node:dgram";
import { randomInt } from "node:crypto";
import { connect, isIP } from "node:net";
import { DnsFrames, framed } from "./frames.ts";

/** A resolver that queries are passed on to. */
export interface Upstream {
  host: string;
  port: number;
}

export type Protocol = "udp" | "tcp";

/** Milliseconds until the next resolver is asked. */
const patience = 2_000;

/** The resolvers of `dns.getServers()`: `10.96.0.10`, `10.96.0.10:5353`, `[fd00::a]:53`. */
export function upstreamsOf(servers: readonly string[]): Upstream[] {
  return servers.map((server) => {
    if (isIP(server) !== 0) return { host: server, port: 53 };
    const colon = server.lastIndexOf(":");
    return { host: server.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(server.slice(colon + 1)) };
  });
}

/**
 * What the first of the resolvers answers that answers at all; it is asked over the protocol over which the sandbox asked,
 * so that a truncated answer has it ask again by itself. Throws when none does.
 */
export async function forward(query: Buffer, protocol: Protocol, upstreams: readonly Upstream[]): Promise<Buffer> {
  const ask = protocol === "udp" ? askOverUdp : askOverTcp;
  // An id that nobody can guess, as is the port: others might answer, too.
  const asked = Buffer.from(query);
  asked.writeUInt16BE(randomInt(1 << 16));
  let failure: unknown;
  for (const upstream of upstreams) {
    try {
      const answer = Buffer.from(await ask(asked, upstream));
      query.copy(answer, 0, 0, 2);
      return answer;
    } catch (error) {
      failure = error;
    }
  }
  throw new Error(`Cannot resolve: none of ${upstreams.length} resolvers answers`, { cause: failure });
}

function askOverUdp(query: Buffer, { host, port }: Upstream): Promise<Buffer> {
  const socket = createSocket(isIP(host) === 6 ? "udp6" : "udp4");
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const timer = setTimeout(() => reject(new Error(`no answer from ${host} within ${patience} ms`)), patience);
  socket.on("error", reject);
  socket.on("message", (answer) => answers(answer, query) && resolve(answer));
  // Connected, so that the kernel drops what comes from elsewhere.
  socket.connect(port, host, () => socket.send(query));
  return promise.finally(() => {
    clearTimeout(timer);
    socket.close();
  });
}

function askOverTcp(query: Buffer, { host, port }: Upstream): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const frames = new DnsFrames(65_535);
  const socket = connect({ host, port, timeout: patience }, () => socket.write(framed(query)));
  const timer = setTimeout(() => reject(new Error(`no answer from ${host} within ${patience} ms`)), patience);
  socket.on("error", reject);
  socket.on("close", () => reject(new Error(`${host} closed the connection`)));
  socket.on("data", (chunk: Buffer) => {
    for (const answer of frames.take(chunk)) if (answers(answer, query)) resolve(answer);
  });
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}

function answers(answer: Buffer, query: Buffer): boolean {
  return answer.length >= 12 && answer.readUInt16BE(0) === query.readUInt16BE(0) && (answer[2] ?? 0) >= 0x80;
}
