import { expect, it } from "vitest";
import { SandkeepError } from "../../../src/api/errors.ts";
import { asRefusal } from "../../../src/gateway/server/refusals.ts";
import { ApiError, ConnectionError, type Status } from "../../../src/kube/api-error.ts";

const gatewayAccount = "system:serviceaccount:sandkeep-system:sandkeep-gateway";

function api(status: number, body: Status): ApiError {
  return new ApiError("POST /apis/sandkeep.dev/v1alpha1/namespaces/ns/sandboxes", status, body);
}

it.each<[what: string, error: unknown, status: number, code: string, message: RegExp]>([
  [
    "a broken rule",
    api(422, { reason: "Invalid", message: 'Sandbox "a" is invalid: spec.image: too long' }),
    400,
    "invalid_argument",
    /spec\.image: too long/,
  ],
  [
    "a bad request",
    api(400, { reason: "BadRequest", message: "cannot be handled" }),
    400,
    "invalid_argument",
    /handled/,
  ],
  [
    "a quota",
    api(403, { reason: "Forbidden", message: 'sandboxes "a" is forbidden: exceeded quota: q, requested: 1, used: 1' }),
    429,
    "resource_exhausted",
    /exceeded quota/,
  ],
  [
    "a quota that nobody has counted yet",
    api(403, { reason: "Forbidden", message: 'sandboxes "a" is forbidden: status unknown for quota: q' }),
    503,
    "unavailable",
    /status unknown/,
  ],
  [
    "an admission policy",
    api(403, { reason: "Forbidden", message: "ValidatingAdmissionPolicy 'p' denied request: no python" }),
    403,
    "permission_denied",
    /no python/,
  ],
  [
    "a namespace on its way out",
    api(403, {
      reason: "Forbidden",
      message: "unable to create new content in namespace ns because it is being terminated",
    }),
    412,
    "failed_precondition",
    /being terminated/,
  ],
  [
    "a right that the gateway itself lacks, at least until the API server has read its rules",
    api(403, {
      reason: "Forbidden",
      message: `sandboxes is forbidden: User "${gatewayAccount}" cannot create resource`,
    }),
    503,
    "unavailable",
    /gateway's own account/,
  ],
  [
    "an object that is not there",
    api(404, { reason: "NotFound", message: 'sandboxes "a" not found' }),
    404,
    "not_found",
    /"a"/,
  ],
  [
    "an object that is there",
    api(409, { reason: "AlreadyExists", message: "exists" }),
    409,
    "already_exists",
    /exists/,
  ],
  ["a conflict", api(409, { reason: "Conflict", message: "changed" }), 409, "conflict", /changed/],
  ["too many requests", api(429, { message: "slow down" }), 429, "resource_exhausted", /slow down/],
  ["the gateway's token having expired", api(401, { message: "Unauthorized" }), 503, "unavailable", /try again/],
  [
    "a server error",
    api(500, { message: "etcd password is hunter2" }),
    503,
    "unavailable",
    /^The Kubernetes API server could not/,
  ],
  ["no connection", new ConnectionError("connect ECONNREFUSED 10.0.0.1"), 503, "unavailable", /^Cannot reach the Kub/],
  ["bad percent-encoding", new URIError("URI malformed"), 400, "invalid_argument", /percent/],
  ["a bug", new TypeError("secret is undefined"), 500, "internal", /^An error in the gateway; its log has more$/],
  ["what is no error", "oops", 500, "internal", /log has more/],
])("turns %s into what the client can use", (_, error, status, code, message) => {
  const refusal = asRefusal(error);
  expect(refusal).toMatchObject({ status, code });
  expect(refusal.message).toMatch(message);
  expect(refusal.message).not.toContain(gatewayAccount);
});

it("keeps errors that are meant for the client", () => {
  const error = new SandkeepError("conflict", "process", "taken");
  expect(asRefusal(error)).toBe(error);
});

it("names the namespace where that is what is missing", () => {
  const error = api(404, {
    reason: "NotFound",
    message: 'namespaces "ns" not found',
    details: { kind: "namespaces", name: "ns" },
  });
  expect(asRefusal(error)).toMatchObject({ code: "not_found", resource: "namespace" });
});
