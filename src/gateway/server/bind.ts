import type { IncomingMessage, ServerResponse } from "node:http";
import { parse as parseQuery } from "node:querystring";
import type { z } from "zod";
import { SandkeepError } from "../../api/errors.ts";
import { describeIssues } from "../../api/parse.ts";
import { subjects } from "../../api/route.ts";
import { routes, type Route, type RouteName } from "../../api/routes.ts";
import type { User } from "../auth/authenticate.ts";
import type { Access } from "../auth/authorise.ts";
import { webSocketAuthorization } from "../auth/credentials.ts";
import { expectWebSocket } from "../websocket/offered.ts";
import { readJson, sendJson } from "./json.ts";
import type { RequestFacts } from "./observe.ts";

/** A request that has been authenticated, authorised and parsed. */
export interface Call<N extends RouteName = RouteName> {
  route: N;
  params: z.output<(typeof routes)[N]["params"]>;
  query: z.output<(typeof routes)[N]["query"]>;
  body: BodyOf<(typeof routes)[N]>;
  user: User;
  /** Aborted when the client has gone before its reply was complete. */
  signal: AbortSignal;
  request: IncomingMessage;
  response: ServerResponse;
  facts: RequestFacts;
}

type BodyOf<R> = R extends { body: { type: "json"; schema: infer S extends z.ZodType } } ? z.output<S> : undefined;

/** Answers a call; a returned value becomes the JSON reply with the route's status, unless a reply was begun. */
export type Handler<N extends RouteName> = (call: Call<N>) => Promise<unknown>;
export type Handlers = { [N in RouteName]: Handler<N> };

export interface Guard {
  authenticate: (authorization: string | undefined) => Promise<User>;
  authorise: (user: User, access: Access) => Promise<void>;
}

/** A request of which only the route is known. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  params: Record<string, string>;
  search: string;
  facts: RequestFacts;
}

/**
 * Gives each route's requests to its handler and answers with what that returns. Nothing of the body is read, and no
 * object looked up, before the user is known and allowed. What is refused or fails rejects.
 */
export function bind(handlers: Handlers, guard: Guard): (name: RouteName, exchange: Exchange) => Promise<void> {
  return async (name, { request, response, params: sent, search, facts }) => {
    const route: Route = routes[name];
    const handle = handlers[name] as Handler<RouteName>;
    facts.route = name;
    const params = parse(route.params, sent, "the path") as PathParams;
    const { webSocket } = route.reply;
    const authorization = webSocket ? webSocketAuthorization(request) : request.headers.authorization;
    const user = await guard.authenticate(authorization);
    facts.user = user.username;
    facts.namespace = params.namespace;
    facts.sandbox = params["id"];
    await guard.authorise(user, accessTo(route, params));

    if (webSocket) expectWebSocket(request, response, webSocket.protocol);
    const query = parse(route.query, parseQuery(search), "the query");
    const body =
      route.body?.type === "json" ? parse(route.body.schema, await readJson(request), "the body") : undefined;
    // The schemas of this very route have just been applied; the types follow from the table.
    const call = { route: name, params, query, body, user, signal: gone(response), request, response, facts } as Call;
    const reply = await handle(call);
    if (!response.headersSent && !webSocket) send(response, route, reply);
  };
}

type PathParams = Partial<Record<string, string>> & { namespace: string };

function accessTo({ access }: Route, params: PathParams): Access {
  const { group, version, parameter } = subjects[access.resource];
  const name = params[parameter];
  return { ...access, group, version, namespace: params.namespace, ...(name !== undefined && { name }) };
}

function parse(schema: z.ZodType, value: unknown, where: string): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = describeIssues(parsed.error);
  throw new SandkeepError(
    "invalid_argument",
    "request",
    `Cannot take ${where}: ${problems.join("; ").slice(0, 4096)}`,
    {
      details: { problems: problems.slice(0, 50) },
    },
  );
}

function gone(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  const closed = () => {
    if (!response.writableFinished)
      controller.abort(new SandkeepError("unavailable", "request", "The client has gone"));
  };
  // It may have gone while its rights were asked for: the event has been told then.
  if (response.closed) closed();
  else response.once("close", closed);
  return controller.signal;
}

function send(response: ServerResponse, { reply }: Route, value: unknown): void {
  if (reply.body === undefined) response.writeHead(reply.status).end();
  else sendJson(response, reply.status, value);
}
