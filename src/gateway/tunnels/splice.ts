import type { Socket } from "node:net";

/**
 * Passes on what each of two connections sends to the other, no faster than that takes it. The end of one direction is
 * passed on and the other direction goes on; when one breaks off, `broken` is called, once.
 */
export function splice(one: Socket, other: Socket, broken: () => void): void {
  let isBroken = false;
  const watch = (socket: Socket): void => {
    socket.on("error", () => {});
    socket.once("close", () => {
      if (isBroken || (socket.readableEnded && socket.writableFinished)) return;
      isBroken = true;
      broken();
    });
  };
  watch(one);
  watch(other);
  one.pipe(other);
  other.pipe(one);
}
