import { PORT_PROTOCOL } from "../../api/constants.ts";
import { notSupported } from "../errors.ts";
import { errorOf, type Gateway } from "../http/gateway.ts";
import type { TransportSocket } from "../http/transport.ts";

/** A TCP connection to a port of a sandbox. */
export interface PortConnection {
  /** Octets from the program, until it has closed its side. A connection that is reset throws a `ConnectionError`. */
  readable: AsyncIterable<Uint8Array>;
  /** Resolves once the octets are on their way; waits while too many are. */
  write: (octets: Uint8Array) => Promise<void>;
  /** Closes this side: the program reads the end of its input, and its octets still come. */
  end: () => Promise<void>;
  /** Closes both sides. */
  close: () => void;
}

/** @internal Connects to a port. `path` is the sandbox's. Rejects with an `UnavailableError` when nothing listens there. */
export async function connectPort(
  gateway: Gateway,
  path: string,
  port: number,
  signal?: AbortSignal,
): Promise<PortConnection> {
  const { transport, namespace } = await gateway.connection();
  if (transport.webSocket === undefined) throw notSupported("sandbox.connect without WebSockets");
  const address = `/v1/namespaces/${encodeURIComponent(namespace)}${path}/ports/${port}`;
  const socket = await transport.webSocket(address, PORT_PROTOCOL, errorOf, signal);
  return {
    readable: untilEmpty(socket),
    write: (octets) => (octets.length === 0 ? Promise.resolve() : socket.send(octets)),
    end: () => socket.send(new Uint8Array()),
    close: () => socket.close(),
  };
}

/** An empty message ends the program's side. Leaving the iteration there leaves the socket open, for the other direction. */
async function* untilEmpty({ messages }: TransportSocket): AsyncGenerator<Uint8Array, void, void> {
  const iterator = messages[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await iterator.next();
    if (done === true || value.length === 0) return;
    yield value;
  }
}
