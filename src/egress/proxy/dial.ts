import type { LookupAddress } from "node:dns";
import { connect, type Socket } from "node:net";

/** Milliseconds within which a connection has to be there. */
export const DIAL_MILLISECONDS = 10_000;

/** A connection to the first of these addresses that accepts; the other family is tried when one is slow (RFC 8305). */
export function dial(addresses: readonly LookupAddress[], port: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({
    // Never resolved: the answer is given here.
    host: "checked.invalid",
    port,
    lookup: (_host, _options, answer) => answer(null, [...addresses]),
    autoSelectFamily: true,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
  });
  const timer = setTimeout(
    () => reject(new Error(`no answer within ${DIAL_MILLISECONDS / 1000} s`)),
    DIAL_MILLISECONDS,
  );
  socket.once("error", reject).once("connect", () => resolve(socket));
  return promise
    .catch((error: unknown) => {
      socket.destroy();
      throw error;
    })
    .finally(() => {
      clearTimeout(timer);
      socket.off("error", reject);
    });
}
