import type { IncomingMessage } from "node:http";
import { TOKEN_PROTOCOL_PREFIX } from "../../api/constants.ts";
import { offeredProtocols } from "../websocket/offered.ts";
import { unauthenticated } from "./bearer.ts";

/**
 * What a request for a WebSocket has to be authenticated by: its `Authorization` header or, from browsers, which cannot
 * set one, the token among the subprotocols that it offers. Throws `unauthenticated` where there are several.
 */
export function webSocketAuthorization({ headers }: Pick<IncomingMessage, "headers">): string | undefined {
  if (headers.authorization !== undefined) return headers.authorization;
  const [token, ...more] = offeredProtocols(headers).filter((protocol) => protocol.startsWith(TOKEN_PROTOCOL_PREFIX));
  if (token === undefined) return undefined;
  if (more.length > 0) throw unauthenticated("Cannot authenticate: there are several tokens among the subprotocols");
  return `Bearer ${Buffer.from(token.slice(TOKEN_PROTOCOL_PREFIX.length), "base64url").toString("latin1")}`;
}
