import net, { type Socket } from "node:net";
import tls, { type ConnectionOptions } from "node:tls";
import { WholeFrames } from "./whole-frames.ts";

/** TLS hands on at most so much at once. */
const readOctets = 16 << 10;

/**
 * A connection for a WebSocket of which much will be read: it is read into the same memory again and again, and gives each
 * frame in one piece, in memory of its own. Node would make new memory for each 16 KiB, and the WebSocket for each frame
 * once more.
 */
export function frameSocket(options: ConnectionOptions, secure: boolean): Socket {
  const frames = new WholeFrames();
  const all: ConnectionOptions & net.TcpNetConnectOpts = {
    ...options,
    port: options.port ?? (secure ? 443 : 80),
    onread: {
      buffer: Buffer.allocUnsafeSlow(readOctets),
      callback: (length, octets) =>
        frames.take(octets.subarray(0, length)).reduce((_, piece) => socket.push(piece), true),
    },
  };
  // That of the request, not of a socket.
  delete all.path;
  const name = all.servername ?? (net.isIP(all.host ?? "") === 0 ? all.host : undefined);
  const socket: Socket = secure ? tls.connect({ ...all, servername: name ?? "" }) : net.connect(all);
  return socket;
}
