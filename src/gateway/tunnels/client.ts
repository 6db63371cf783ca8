import type { Socket } from "node:net";
import { plainAddress } from "./admit.ts";
import { readProxyHeader } from "./proxy-header.ts";

/**
 * Calls `known` with the address of the client of a new connection. From a load balancer that is what a header of the PROXY
 * protocol says, which is taken off; who does not begin with one is cut off, as is any other who does: nobody speaks for
 * others but whom the administrator names.
 */
export function findClient(
  socket: Socket,
  isProxy: (address: string) => boolean,
  known: (client: string) => void,
): void {
  // Who has gone already has no address any more.
  if (socket.remoteAddress === undefined) return void socket.destroy();
  const peer = plainAddress(socket.remoteAddress);
  if (!isProxy(peer)) return known(peer);
  let octets = Buffer.alloc(0);
  const read = (chunk: Buffer): void => {
    octets = Buffer.concat([octets, chunk]);
    const header = readProxyHeader(octets);
    if (header.kind === "incomplete") return;
    socket.off("data", read).pause();
    if (header.kind === "invalid") return void socket.destroy();
    if (octets.length > header.length) socket.unshift(octets.subarray(header.length));
    known(plainAddress(header.client ?? peer));
  };
  socket.on("data", read);
}
