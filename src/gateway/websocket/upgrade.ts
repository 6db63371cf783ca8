import { ServerResponse, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { isWebSocket } from "../server/resources.ts";
import { splitTarget } from "../server/target.ts";

/** The reply to a request for a WebSocket: an ordinary one, which ends the connection, or the WebSocket. */
export class UpgradableResponse extends ServerResponse {
  override shouldKeepAlive = false;
}

/**
 * Whether a request that would leave HTTP asks for a WebSocket where there is one; others are answered as if they had not
 * asked. Nobody would see their clients go: what has left HTTP is not read until it is a WebSocket.
 */
export function wantsWebSocket({ method, headers, url = "" }: IncomingMessage): boolean {
  return method === "GET" && headers.upgrade?.toLowerCase() === "websocket" && isWebSocket(splitTarget(url).path);
}

/** How long a client may keep a connection open on which nothing more will come; milliseconds. */
const farewellMilliseconds = 2_000;

/** Has the app answer requests for WebSockets, too, with an `UpgradableResponse`. */
export function serveUpgrades(server: Server, app: RequestListener): void {
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    if (head.length > 0) socket.unshift(head);
    const response = new UpgradableResponse(request);
    try {
      response.assignSocket(request.socket);
    } catch {
      // Sent behind a request that is not answered yet: its reply has the connection.
      socket.destroy();
      return;
    }
    response.once("finish", () => {
      const late = setTimeout(() => socket.destroy(), farewellMilliseconds);
      socket.once("close", () => clearTimeout(late));
      socket.resume().end();
    });
    app(request, response);
  });
}
