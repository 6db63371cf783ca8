import { connect } from "node:net";

/** Nothing listens there in sandboxes, so that no program is disturbed by being asked. */
const quietPort = 1;

const mostMilliseconds = 2_000;

/**
 * Whether the network leads to an address: what is there accepts or refuses a connection. Resolves with false when nothing
 * answers in time; rejects when aborted.
 */
export async function answers(address: string, signal: AbortSignal, port: number = quietPort): Promise<boolean> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const socket = connect({ host: address, port });
  const aborted = (): void => reject(signal.reason);
  signal.addEventListener("abort", aborted, { once: true });
  socket.setTimeout(mostMilliseconds, () => resolve(false));
  socket.once("connect", () => resolve(true));
  socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", aborted);
    socket.destroy();
  }
}
