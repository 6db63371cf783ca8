import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import type { Log } from "../../log.ts";
import { asRefusal, HttpRefusal } from "./refusals.ts";
import { bind, type Guard, type Handlers, type RequestFacts } from "./bind.ts";
import { requestSeconds, requestsUnderWay } from "./metrics.ts";

export interface AppOptions {
  handlers: Handlers;
  guard: Guard;
  /** Whether the stores are filled and the server is not shutting down. */
  ready: () => boolean;
  log: Log;
}

/** The HTTP API. Every reply, refusals included, is logged without tokens, bodies or environments. */
export function createApp({ handlers, guard, ready, log }: AppOptions): Express {
  const app = express();
  app.disable("x-powered-by").disable("etag").set("query parser", "simple").set("case sensitive routing", true);
  app.use(observe(log));
  app.get("/healthz", (_, response) => void response.type("text").send("ok\n"));
  app.get(
    "/readyz",
    (_, response) =>
      void response
        .status(ready() ? 200 : 503)
        .type("text")
        .send(ready() ? "ok\n" : "not ready\n"),
  );
  bind(app, handlers, guard);
  app.use((request) => {
    throw new HttpRefusal(404, "not_found", `Cannot ${request.method} this path: the API has no such resource`);
  });
  app.use(refuse);
  return app;
}

function observe(log: Log): RequestHandler {
  return (request, response, next) => {
    const start = performance.now();
    requestsUnderWay.inc();
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.once("close", () => {
      requestsUnderWay.dec();
      const { route, user, namespace, sandbox, error } = response.locals as RequestFacts;
      const milliseconds = performance.now() - start;
      const status = response.writableFinished ? response.statusCode : 499;
      requestSeconds.observe({ route: route ?? "none", code: status }, milliseconds / 1000);
      const fields = {
        method: request.method,
        route,
        status,
        milliseconds: Math.round(milliseconds * 10) / 10,
        user,
        namespace,
        sandbox,
      };
      if (status >= 500) log.error({ ...fields, error }, "request failed");
      else log.info(fields, "request");
    });
    next();
  };
}

const refuse: ErrorRequestHandler = (error: unknown, request, response, _next) => {
  (response.locals as RequestFacts).error = error;
  const refusal = asRefusal(error);
  // Half a reply cannot be taken back: the cut connection tells the client that it is not whole.
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (refusal.code === "unauthenticated") response.setHeader("WWW-Authenticate", "Bearer");
  // The rest of a refused body is not waited for.
  if (!request.complete) response.setHeader("Connection", "close");
  // The type of what was to come may be set already.
  response.status(refusal.status).type("json").json(refusal);
};
