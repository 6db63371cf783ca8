import type { IncomingMessage, ServerResponse } from "node:http";
import type { RouteName } from "../../api/routes.ts";
import type { Log } from "../../log.ts";
import { requestSeconds, requestsUnderWay } from "./metrics.ts";

/** What becomes known of a request while it is served. */
export interface RequestFacts {
  route?: RouteName;
  user?: string;
  namespace?: string;
  sandbox?: string | undefined;
  /** Whether a line of the audit log has told of it already. */
  audited?: boolean;
  /** What was thrown while it was served. */
  error?: unknown;
}

/** Measures a request and, when it is over, leaves a line in the log, unless it went well and the audit log has one. */
export function observe({ method }: IncomingMessage, response: ServerResponse, log: Log): RequestFacts {
  const facts: RequestFacts = {};
  const start = performance.now();
  requestsUnderWay.inc();
  response.once("close", () => {
    requestsUnderWay.dec();
    const { route, user, namespace, sandbox, audited, error } = facts;
    const took = performance.now() - start;
    // A WebSocket has taken the place of the rest of the reply.
    const upgraded = response.statusCode === 101;
    const status = response.writableFinished || upgraded ? response.statusCode : 499;
    requestSeconds.observe({ route: route ?? "none", code: status }, took / 1000);
    const failed = status >= 500 || (upgraded && error !== undefined);
    if (audited && status < 400 && !failed) return;
    const milliseconds = Math.round(took * 10) / 10;
    const fields = { method, route, status, milliseconds, user, namespace, sandbox };
    if (failed) log.error({ ...fields, error }, "request failed");
    else log.info(fields, "request");
  });
  return facts;
}
