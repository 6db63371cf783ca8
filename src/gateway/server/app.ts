import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { openApiFor } from "../../api/openapi.ts";
import { routes } from "../../api/routes.ts";
import type { Log } from "../../log.ts";
import { bind, type Guard, type Handlers } from "./bind.ts";
import { dropRest } from "./drop-rest.ts";
import { sendJson } from "./json.ts";
import { observe, type RequestFacts } from "./observe.ts";
import { asRefusal, HttpRefusal } from "./refusals.ts";
import { findResource } from "./resources.ts";
import { splitTarget } from "./target.ts";

export interface AppOptions {
  handlers: Handlers;
  guard: Guard;
  /** Whether the stores are filled and the server is not shutting down. */
  ready: () => boolean;
  log: Log;
}

/** The HTTP API. Every reply, refusals included, is logged without tokens, bodies or environments. */
export function createApp({ handlers, guard, ready, log }: AppOptions): RequestListener {
  const perform = bind(handlers, guard);

  const answer = async (request: IncomingMessage, response: ServerResponse, facts: RequestFacts): Promise<void> => {
    const { path, search } = splitTarget(request.url ?? "");
    // As HTTP has it: a GET whose body stays away.
    const method = request.method === "HEAD" ? "GET" : (request.method ?? "");
    if (path === "/healthz" && method === "GET") return sendText(response, 200, "ok\n");
    if (path === "/readyz" && method === "GET")
      return ready() ? sendText(response, 200, "ok\n") : sendText(response, 503, "not ready\n");
    if (path === "/openapi.json" && method === "GET") return sendJson(response, 200, openApi());
    const resource = findResource(path);
    if (resource === undefined)
      throw new HttpRefusal(404, "not_found", `Cannot ${request.method} this path: the API has no such resource`);
    const name = resource.operations.get(method);
    if (name === undefined) throw wrongMethod(request, response, [...resource.operations.keys()]);
    await perform(name, { request, response, params: resource.params, search, facts });
  };

  return (request, response) => {
    const facts = observe(request, response, log);
    response.setHeader("X-Content-Type-Options", "nosniff");
    const refused = (error: unknown) => refuse(error, request, response, facts);
    // The second time it is that the refusal could not be put into JSON.
    answer(request, response, facts).catch(refused).catch(refused);
  };
}

let described: object | undefined;

/** The description of the API, made when somebody first asks for it: it takes some 50 ms. */
function openApi(): object {
  return (described ??= openApiFor(routes));
}

function wrongMethod(request: IncomingMessage, response: ServerResponse, methods: string[]): HttpRefusal {
  const allowed = methods.join(", ");
  response.setHeader("Allow", allowed);
  return new HttpRefusal(405, "not_supported", `Cannot ${request.method} this resource: it has ${allowed}`);
}

function refuse(error: unknown, request: IncomingMessage, response: ServerResponse, facts: RequestFacts): void {
  facts.error = error;
  const refusal = asRefusal(error);
  // Half a reply, or a WebSocket, cannot be taken back: the cut connection tells the client that it is not whole.
  if (response.headersSent || response.statusCode === 101) {
    response.destroy();
    return;
  }
  if (refusal.code === "unauthenticated") response.setHeader("WWW-Authenticate", "Bearer");
  dropRest(request, response);
  sendJson(response, refusal.status, refusal);
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", "Content-Length": text.length }).end(text);
}
