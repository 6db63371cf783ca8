import { createServer } from "node:http";
import { hash } from "node:crypto";
import { EGRESS_AUDIENCE } from "../../api/constants.ts";
import type { Kube } from "../../kube/client.ts";
import { TOKEN_REVIEW } from "../../kube/objects.ts";
import { Allowance } from "../../lib/allowance.ts";
import { Recent } from "../../lib/recent.ts";
import { serving, type Serving } from "../../lib/serving.ts";
import type { Decisions } from "./decisions.ts";

/** Whether a bearer token, which came from this address, is the gateway's; an answer is up to 10 s old. */
export type IsGateway = (token: string, source: string) => Promise<boolean>;

/** Serves `GET /decisions/UID` to whom `isGateway` says is the gateway; port 0 takes any free one. */
export async function serveDecisions(port: number, decisions: Decisions, isGateway: IsGateway): Promise<Serving> {
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000 }, (request, response) => {
    const answer = (status: number, body: object): void =>
      void response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    const [, uid] = /^\/decisions\/([-0-9a-f]{1,64})$/.exec(request.url ?? "") ?? [];
    const [, token] = /^Bearer ([^ ]{1,16384})$/.exec(request.headers.authorization ?? "") ?? [];
    if (token === undefined) return answer(401, {});
    const judge = (allowed: boolean): void => {
      if (!allowed) answer(403, {});
      else if (uid === undefined || request.method !== "GET") answer(404, {});
      else answer(200, decisions.of(uid));
    };
    isGateway(token, request.socket.remoteAddress ?? "").then(judge, () => answer(503, {}));
  });
  server.maxConnections = 256;
  return await serving(server, port);
}

/**
 * Asks the API server whether a token is that of the gateway's account in this namespace, and meant for us. Each
 * address may cost it one question a second, after the first few: throws when it is too early.
 */
export function gatewayReview(kube: Kube, namespace: string): IsGateway {
  const gateway = `system:serviceaccount:${namespace}:sandkeep-gateway`;
  const recent = new Recent<boolean>({ milliseconds: 10_000, max: 64 });
  const reviews = new Allowance({ burst: 10, refillMilliseconds: 1_000, most: 1024 });
  const review = async (token: string): Promise<boolean> => {
    const { status } = await kube.create(TOKEN_REVIEW, {
      metadata: { name: "" },
      spec: { token, audiences: [EGRESS_AUDIENCE] },
    });
    const { authenticated, audiences = [], user } = status ?? {};
    return authenticated === true && audiences.includes(EGRESS_AUDIENCE) && user?.username === gateway;
  };
  return async (token, source) =>
    recent.get(hash("sha256", token), async () => {
      if (!reviews.take(source)) throw new Error(`Cannot check a token: ${source} has brought too many`);
      return review(token);
    });
}
