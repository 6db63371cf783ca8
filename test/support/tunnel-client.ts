import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectPlain, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
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

/** What a method that echoes answers over gRPC, on a connection that speaks HTTP/2, and with which status; closes it. */
export async function echoOverGrpc(
  socket: TLSSocket,
  host: string | undefined,
  said: string,
): Promise<{ said: string; status: string | undefined }> {
  const session = connectHttp2(`https://${host}`, { createConnection: () => socket });
  const answer = session.request({
    ":method": "POST",
    ":path": "/echo.Echo/Say",
    "content-type": "application/grpc",
  });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(Buffer.byteLength(said), 1);
  answer.end(Buffer.concat([head, Buffer.from(said)]));
  const trailers = once(answer, "trailers") as Promise<[Record<string, string>]>;
  const message = await buffer(answer);
  const [{ "grpc-status": status }] = await trailers;
  session.close();
  if (!message.subarray(0, 5).equals(head))
    throw new Error(`The message has the head ${message.toString("hex", 0, 5)}`);
  return { said: message.toString("utf8", 5), status };
}
