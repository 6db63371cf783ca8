import { once } from "node:events";
import { connect as connectPlain, type Socket } from "node:net";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import type { Installed } from "./installed.ts";

/** Where clients on this machine reach every host: no name leads to the node. */
export function nodeOf({ gateway }: Installed): string {
  return new URL(gateway).hostname;
}

/** A TLS connection to a tunnel, whose certificate is right. Rejects when there is none. */
export async function openTunnel(
  installed: Installed,
  { host, port }: { host?: string; port?: number },
  options: ConnectionOptions = {},
): Promise<TLSSocket> {
  const socket = connect({
    host: nodeOf(installed),
    port: port ?? 0,
    servername: host ?? "",
    ca: installed.certificate,
    ...options,
  });
  await once(socket, "secureConnect");
  return socket.on("error", () => {});
}

/** A connection to the port of a tunnel that is not encrypted. */
export async function openPlain(installed: Installed, port: number): Promise<Socket> {
  const socket = connectPlain({ host: nodeOf(installed), port });
  await once(socket, "connect");
  return socket.on("error", () => {});
}

/** All that comes until the other side ends. */
export async function all(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
