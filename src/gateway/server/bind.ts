import { json, type Express, type Request, type Response } from "express";
import type { z } from "zod";
import { SandkeepError } from "../../api/errors.ts";
import { GROUP, VERSION } from "../../api/constants.ts";
import { describeIssues } from "../../api/parse.ts";
import { routes, type Route, type RouteName } from "../../api/routes.ts";
import type { User } from "../auth/authenticate.ts";
import type { Access } from "../auth/authorise.ts";
import { HttpRefusal } from "./refusals.ts";

/** A request that has been authenticated, authorised and parsed. */
export interface Call<N extends RouteName = RouteName> {
  route: N;
  params: z.output<(typeof routes)[N]["params"]>;
  query: z.output<(typeof routes)[N]["query"]>;
  body: BodyOf<(typeof routes)[N]>;
  user: User;
  /** Aborted when the client has gone before its reply was complete. */
  signal: AbortSignal;
  request: Request;
  response: Response;
}

type BodyOf<R> = R extends { body: { type: "json"; schema: infer S extends z.ZodType } } ? z.output<S> : undefined;

/** Answers a call; a returned value becomes the JSON reply with the route's status, unless a reply was begun. */
export type Handler<N extends RouteName> = (call: Call<N>) => Promise<unknown>;
export type Handlers = { [N in RouteName]: Handler<N> };

export interface Guard {
  authenticate: (authorization: string | undefined) => Promise<User>;
  authorise: (user: User, access: Access) => Promise<void>;
}

/** What is known of a request for its line in the access log. */
export interface RequestFacts {
  route?: RouteName;
  user?: string;
  namespace?: string;
  sandbox?: string;
  /** What was thrown while it was served. */
  error?: unknown;
}

const maxJsonOctets = 1 << 20;
// Whatever Content-Type says: bearer tokens are not sent by browsers on their own, so there is nothing to forge.
const parseJson = json({ limit: maxJsonOctets, strict: false, type: () => true });

/** Adds every route to the app. Nothing of the body is read, and no object looked up, before the user is known and allowed. */
export function bind(app: Express, handlers: Handlers, guard: Guard): void {
  for (const name of Object.keys(routes) as RouteName[]) bindOne(app, name, handlers, guard);
  for (const [path, methods] of methodsByPath()) app.all(path, refuseOthers(methods));
}

function bindOne(app: Express, name: RouteName, handlers: Handlers, guard: Guard): void {
  const route: Route = routes[name];
  const handle = handlers[name] as Handler<RouteName>;
  const method = route.method.toLowerCase() as "get" | "post" | "put" | "delete";
  app[method](expressPath(route), async (request, response) => {
    const facts = response.locals as RequestFacts;
    facts.route = name;
    const params = parse(route.params, request.params, "the path");
    const { namespace, id } = params as { namespace: string; id?: string };
    const user = await guard.authenticate(request.headers.authorization);
    Object.assign(facts, { user: user.username, namespace, sandbox: id });
    await guard.authorise(user, accessTo(route, namespace, id));

    const query = parse(route.query, request.query, "the query");
    const body =
      route.body?.type === "json" ? parse(route.body.schema, await readJson(request, response), "the body") : undefined;
    // The schemas of this very route have just been applied; the types follow from the table.
    const call = { route: name, params, query, body, user, signal: gone(response), request, response } as Call;
    const reply = await handle(call);
    if (!response.headersSent) send(response, route, reply);
  });
}

function accessTo({ access }: Route, namespace: string, name: string | undefined): Access {
  return { ...access, group: GROUP, version: VERSION, namespace, ...(name !== undefined && { name }) };
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

function readJson(request: Request, response: Response): Promise<unknown> {
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  if (encoding === undefined && Number(length ?? 0) === 0)
    throw new HttpRefusal(400, "invalid_argument", "Cannot take the body: it is missing");
  return new Promise((resolve, reject) => {
    parseJson(request, response, (error?: unknown) => {
      if (error !== undefined) reject(error);
      else resolve(request.body);
    });
  });
}

function gone(response: Response): AbortSignal {
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

function send(response: Response, { reply }: Route, value: unknown): void {
  response.status(reply.status);
  if (reply.body === undefined) response.end();
  else response.json(value);
}

function expressPath({ path }: Route): string {
  return `/v1${path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
}

function methodsByPath(): Map<string, string[]> {
  const methods = new Map<string, string[]>();
  for (const route of Object.values(routes)) {
    const path = expressPath(route);
    methods.set(path, [...(methods.get(path) ?? []), route.method]);
  }
  return methods;
}

function refuseOthers(methods: string[]): (request: Request, response: Response) => never {
  const allowed = methods.join(", ");
  return (request, response) => {
    response.setHeader("Allow", allowed);
    throw new HttpRefusal(405, "not_supported", `Cannot ${request.method} this resource: it has ${allowed}`);
  };
}
