import type { Socket } from "node:net";

/** Passes on what both say, each until its end, and the end as well; resolves once both are closed. When one breaks, both do. */
export async function join(inner: Socket, outer: Socket): Promise<void> {
  const closed = Promise.all([closing(inner, outer), closing(outer, inner)]);
  inner.pipe(outer);
  outer.pipe(inner);
  await closed;
}

function closing(socket: Socket, other: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("error", () => other.destroy());
  socket.once("close", () => {
    // What has ended in order has still to be sent on.
    if (!socket.readableEnded) other.destroy();
    resolve();
  });
  if (socket.destroyed) {
    other.destroy();
    resolve();
  }
  return promise;
}
