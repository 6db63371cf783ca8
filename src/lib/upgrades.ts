import { ServerResponse, type RequestListener, type Server } from "node:http";

/** The reply to a request to leave HTTP: an ordinary one, which ends the connection, or what comes instead of HTTP. */
export class UpgradableResponse extends ServerResponse {
  override shouldKeepAlive = false;
}

/** How long a client may keep a connection open on which nothing more will come; milliseconds. */
const farewellMilliseconds = 2_000;

/** Has the app answer requests that the server takes for upgrades, too, with an `UpgradableResponse`. */
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
