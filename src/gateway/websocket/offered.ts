import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { HttpRefusal } from "../server/refusals.ts";
import { UpgradableResponse } from "../../lib/upgrades.ts";

/** The subprotocols that a request offers, in its order. */
export function offeredProtocols(headers: IncomingHttpHeaders): string[] {
  return (headers["sec-websocket-protocol"] ?? "").split(",").map((protocol) => protocol.trim());
}

/** Throws a refusal, 426 or 400, unless the request would become a WebSocket of this subprotocol. */
export function expectWebSocket({ headers }: IncomingMessage, response: ServerResponse, protocol: string): void {
  if (!(response instanceof UpgradableResponse)) {
    response.setHeader("Upgrade", "websocket").setHeader("Connection", "Upgrade");
    throw new HttpRefusal(426, "invalid_argument", "Cannot answer this without a WebSocket: ask for an upgrade to one");
  }
  if (offeredProtocols(headers).includes(protocol)) return;
  throw new HttpRefusal(400, "invalid_argument", `Cannot open a WebSocket: offer the subprotocol ${protocol}`);
}
