import type { IncomingMessage, ServerResponse } from "node:http";
import { dropRest } from "../server/drop-rest.ts";

/** Why a request does not reach a program in a sandbox. */
export type Refusal =
  | "unauthenticated"
  | "expired"
  | "forbidden"
  | "worker"
  | "misdirected"
  | "malformed"
  | "absent"
  | "unreachable"
  | "failed";

const answers: Record<Refusal, { status: number; text: string }> = {
  unauthenticated: { status: 401, text: "A connect token of this sandbox is needed: Authorization: Bearer TOKEN" },
  expired: { status: 401, text: "The connect token has expired: ask for another one" },
  forbidden: { status: 403, text: "Pages of other origins cannot use the cookie of this one" },
  worker: { status: 403, text: "A service worker would stay beyond its token: there can be none here" },
  misdirected: { status: 421, text: "The header Host names another host than the connection is for" },
  malformed: { status: 400, text: "The request cannot be forwarded as it is" },
  absent: { status: 503, text: "The sandbox does not run" },
  unreachable: { status: 502, text: "No program in the sandbox answers at this port" },
  failed: { status: 502, text: "The program in the sandbox did not answer in HTTP" },
};

/** Answers in words, without anything of the request in them. */
export function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  dropRest(request, response);
  const { status, text } = answers[refusal];
  response.writeHead(status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    ...(status === 401 && { "WWW-Authenticate": "Bearer" }),
    ...(refusal === "absent" && { "Retry-After": "1" }),
    // Nobody can be sure where the next request would begin.
    ...(refusal === "malformed" && { Connection: "close" }),
  });
  response.end(`${text}\n`);
}
