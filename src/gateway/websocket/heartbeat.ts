import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { limits } from "./limits.ts";

/** As in `limits`. */
export interface HeartbeatTimes {
  pingMilliseconds: number;
  silenceMilliseconds: number;
}

/**
 * Pings a client, and cuts the connection when it gives no sign of life: no octet, and no call of what this returns, which
 * is for octets that it takes, as a ping waits behind those that a slow client has not read yet. One that is not being
 * read from cannot answer: TCP finds out whether it is still there.
 */
export function heartbeat(socket: WebSocket, connection: Socket, times: HeartbeatTimes = limits): () => void {
  let aliveAt = performance.now();
  const alive = () => void (aliveAt = performance.now());
  connection.setKeepAlive(true, times.silenceMilliseconds);
  connection.on("data", alive);
  const timer = setInterval(() => {
    if (socket.isPaused) alive();
    if (performance.now() - aliveAt >= times.silenceMilliseconds) socket.terminate();
    else if (socket.readyState === socket.OPEN) socket.ping();
  }, times.pingMilliseconds);
  socket.once("close", () => clearInterval(timer));
  return alive;
}
