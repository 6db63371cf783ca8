import type { RequestListener } from "node:http";
import { OFFSET_HEADER, STREAMS_HEADER } from "../../api/constants.ts";

const methods = "GET, HEAD, POST, PUT, PATCH, DELETE";
const requestHeaders = "Authorization, Content-Type, Idempotency-Key, Range, If-Range";
const replyHeaders = ["Content-Range", "Retry-After", OFFSET_HEADER, STREAMS_HEADER].join(", ");
/** How long browsers may remember what is allowed; none does for longer. */
const rememberedSeconds = 7200;

/**
 * Lets pages of these origins call the API (CORS); `*` is all. Others' browsers refuse to. It is no right: a request still needs a
 * token, which no browser sends by itself.
 */
export function allowOrigins(origins: readonly string[], app: RequestListener): RequestListener {
  const allowed = new Set(origins);
  if (allowed.size === 0) return app;
  return (request, response) => {
    const { origin } = request.headers;
    response.setHeader("Vary", "Origin");
    if (origin === undefined || !(allowed.has(origin) || allowed.has("*"))) return app(request, response);
    response.setHeader("Access-Control-Allow-Origin", origin);
    response.setHeader("Access-Control-Expose-Headers", replyHeaders);
    if (request.method !== "OPTIONS" || !("access-control-request-method" in request.headers)) {
      return app(request, response);
    }
    response.writeHead(204, {
      "Access-Control-Allow-Methods": methods,
      "Access-Control-Allow-Headers": requestHeaders,
      "Access-Control-Max-Age": rememberedSeconds,
    });
    response.end();
  };
}
