import type { IncomingMessage } from "node:http";
import { isWebSocket } from "../server/resources.ts";
import { splitTarget } from "../server/target.ts";

/**
 * Whether a request that would leave HTTP asks for a WebSocket where there is one; others are answered as if they had not
 * asked. Nobody would see their clients go: what has left HTTP is not read until it is a WebSocket.
 */
export function wantsWebSocket({ method, headers, url = "" }: IncomingMessage): boolean {
  return method === "GET" && headers.upgrade?.toLowerCase() === "websocket" && isWebSocket(splitTarget(url).path);
}
