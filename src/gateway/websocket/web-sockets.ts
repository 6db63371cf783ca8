import type { IncomingMessage, ServerResponse } from "node:http";
import { WebSocketServer, type WebSocket } from "ws";
import { SandkeepError } from "../../api/errors.ts";
import { HttpRefusal } from "../server/refusals.ts";
import { heartbeat } from "./heartbeat.ts";
import { limits } from "./limits.ts";
import { closeSocket, Peer } from "./peer.ts";

const nothing = Buffer.alloc(0);

/** The WebSockets of one subprotocol. */
export class WebSockets {
  readonly #server: WebSocketServer;
  #restarting = false;

  constructor(protocol: string) {
    const options = {
      noServer: true,
      handleProtocols: () => protocol,
      perMessageDeflate: false,
      maxPayload: limits.messageOctets,
      maxFragments: limits.fragments,
      maxBufferedChunks: limits.chunks,
      maxPendingAutoPongs: limits.pongs,
      closeTimeout: limits.closeMilliseconds,
    };
    this.#server = new WebSocketServer(options);
  }

  /** Makes a connection a WebSocket, whose request offered the subprotocol. Throws a refusal where its head is none of one. */
  accept({ request, response }: { request: IncomingMessage; response: ServerResponse }): Peer {
    if (this.#restarting) throw new SandkeepError("unavailable", "request", "The gateway is about to end; try again");
    const socket = this.#upgrade(request);
    response.statusCode = 101;
    return new Peer(socket, heartbeat(socket, request.socket));
  }

  /** Tells all clients to connect again, to another gateway; closes them. Takes no more. */
  restart(): void {
    this.#restarting = true;
    for (const socket of this.#server.clients) closeSocket(socket, 1012, "The gateway restarts: connect again");
  }

  #upgrade(request: IncomingMessage): WebSocket {
    let socket: WebSocket | undefined;
    let problem: Error | undefined;
    const refused = (error: Error) => (problem = error);
    this.#server.once("wsClientError", refused);
    this.#server.handleUpgrade(request, request.socket, nothing, (made) => (socket = made));
    this.#server.off("wsClientError", refused);
    if (problem) throw new HttpRefusal(400, "invalid_argument", `Cannot open a WebSocket: ${problem.message}`);
    if (!socket) throw new SandkeepError("unavailable", "request", "The client has gone");
    return socket;
  }
}
