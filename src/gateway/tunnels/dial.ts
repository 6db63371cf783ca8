import { connect, type Socket } from "node:net";
import { readInto } from "./read-into.ts";
import { splice } from "./splice.ts";

/** For a sandbox to answer. */
const patienceMilliseconds = 10_000;

const keepAliveMilliseconds = 30_000;

/**
 * Joins a client to a port of a sandbox. `raw` is the client's TCP connection, below its TLS if it has that; it is cut when
 * nothing listens inside, and when the connection inside breaks off.
 */
export function dial(client: Socket, raw: Socket, address: string, port: number): void {
  const inside: Socket = connect({
    host: address,
    port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveMilliseconds,
    onread: readInto(client, () => inside.resume()),
  });
  const breakOff = (): void => {
    if (!inside.destroyed) inside.resetAndDestroy();
    // Without TLS a client could not tell a connection that was cut from one whose end has come.
    if (client === raw && !raw.destroyed) raw.resetAndDestroy();
    else raw.destroy();
  };
  const late = setTimeout(breakOff, patienceMilliseconds);
  const gone = (): void => {
    clearTimeout(late);
    inside.destroy();
  };
  raw.once("close", gone);
  inside.once("error", breakOff);
  inside.once("connect", () => {
    clearTimeout(late);
    raw.off("close", gone);
    inside.off("error", breakOff);
    splice(client, inside, breakOff);
  });
}
