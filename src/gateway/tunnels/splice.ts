import type { Socket } from "node:net";

/**
 * Passes on what a client sends, no faster than it is taken inside, and the end of each direction, after which the other goes
 * on. What comes from inside is passed on by `readInto`. When one side breaks off, `broken` is called, once.
 */
export function splice(client: Socket, inside: Socket, broken: () => void): void {
  let isBroken = false;
  const watch = (socket: Socket): void => {
    socket.on("error", () => {});
    socket.once("close", () => {
      if (isBroken || (socket.readableEnded && socket.writableFinished)) return;
      isBroken = true;
      broken();
    });
  };
  watch(client);
  watch(inside);
  client.pipe(inside);
  inside.once("end", () => client.end());
  inside.resume();
}
