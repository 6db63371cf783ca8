import type { Agent } from "node:http";
import type { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { http, https } from "./http-clients.ts";

/** How connections are opened. */
export interface AgentOptions {
  /** Whom to trust, and who we are. */
  tls?: Pick<ConnectionOptions, "ca" | "cert" | "key" | "rejectUnauthorized" | "servername">;
  /** Opens a connection, TLS included, in place of one to the URL's host. */
  connect?: () => Promise<Socket>;
}

/** Keeps connections for the next request; those that wait for one keep no program alive. */
export interface KeepingAgent extends Agent {
  /** Closes the connections that wait, and from now on each that is done. */
  closeIdle: () => void;
}

/** Gateways close what was idle for 75 s: a request should not meet that. */
const idleMilliseconds = 60_000;
/**
 * After so long without an octet, the other side is asked each second whether it is still there, so many times: ten where Node does
 * not let one choose.
 */
const probeMilliseconds = 5_000;
const probes = 5;

/** An agent for one host. */
export function agentFor(secure: boolean, { tls, connect }: AgentOptions, { keepAlive = true } = {}): KeepingAgent {
  const options = { keepAlive, keepAliveMsecs: probeMilliseconds, timeout: idleMilliseconds, ...tls };
  const agent: Agent = secure ? new https.Agent(options) : new http.Agent(options);
  // What tells connections apart is the same for all, but it has the certificates in it: too long to compare each time.
  agent.getName = () => "gateway";

  const open = agent.createConnection.bind(agent);
  agent.createConnection = (options, opened) => {
    if (connect === undefined) {
      const socket = open(options) as Socket;
      return readsOn(socket.setKeepAlive(true, probeMilliseconds, 1_000, probes));
    }
    connect().then(
      (socket) => opened?.(null, readsOn(socket)),
      // The types want a socket beside the error.
      (error: Error) => (opened as ((error: Error) => void) | undefined)?.(error),
    );
    return undefined;
  };

  let closed = false;
  const keep = agent.keepSocketAlive.bind(agent);
  agent.keepSocketAlive = (socket) => !closed && keep(socket);
  return Object.assign(agent, {
    closeIdle() {
      closed = true;
      for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    },
  });
}

type Callback = (error?: Error | null) => void;

/**
 * Lets a socket that can no longer be written to be read to its end: a server that refuses a body may close behind the
 * reply, which Node would throw away together with what it could not send.
 */
function readsOn(socket: Socket): Socket {
  const afterReading =
    (done: Callback): Callback =>
    (error) => {
      const isClosed = error && "code" in error && (error.code === "EPIPE" || error.code === "ECONNRESET");
      if (!isClosed || socket.readableEnded || socket.closed) return done(error);
      const over = () => {
        socket.off("end", over).off("close", over);
        done(error);
      };
      // One that breaks, or is destroyed, has no end.
      socket.once("end", over).once("close", over);
    };
  const write = socket._write.bind(socket);
  socket._write = (chunk, encoding, done) => write(chunk, encoding, afterReading(done));
  const writeAll = socket._writev?.bind(socket);
  if (writeAll) socket._writev = (chunks, done) => writeAll(chunks, afterReading(done));
  return socket;
}
