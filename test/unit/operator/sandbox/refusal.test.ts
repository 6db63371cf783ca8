import { describe, expect, test } from "vitest";
import { ApiError, ConnectionError } from "../../../../src/kube/api-error.ts";
import { NameUnavailableError } from "../../../../src/operator/sandbox/name-claims.ts";
import { refusalFrom } from "../../../../src/operator/sandbox/refusal.ts";

const pods = "POST /api/v1/namespaces/n/pods";
const forbidden = (message: string): ApiError => new ApiError(pods, 403, { reason: "Forbidden", message });

const rows = [
  {
    name: "a full quota passes",
    error: forbidden('pods "s" is forbidden: exceeded quota: q'),
    want: [false, "QuotaExceeded"],
  },
  {
    name: "a service account that is made with its namespace comes",
    error: forbidden('error looking up service account n/default: serviceaccount "default" not found'),
    want: [false, "ServiceAccountNotFound"],
  },
  {
    name: "an operator without rights can be given them",
    error: forbidden('User "x" cannot create resource "pods" in API group ""'),
    want: [false, "OperatorForbidden"],
  },
  {
    name: "Pod Security is final",
    error: forbidden('pods "s" is forbidden: violates PodSecurity "restricted:latest"'),
    want: [true, "PodSecurity"],
  },
  {
    name: "a LimitRange is final",
    error: forbidden('pods "s" is forbidden: maximum memory usage per Container is 64Mi, but limit is 1Gi'),
    want: [true, "LimitRange"],
  },
  {
    name: "so is its ratio",
    error: forbidden(
      'pods "s" is forbidden: cpu max limit to request ratio per Container is 2, but provided ratio is 4',
    ),
    want: [true, "LimitRange"],
  },
  {
    name: "a field that Kubernetes does not know is final",
    error: new ApiError(pods, 400, { reason: "BadRequest", message: 'strict decoding error: unknown field "spec.x"' }),
    want: [true, "PodRefused"],
  },
  { name: "an admission policy is final", error: forbidden("denied request: no"), want: [true, "PodRefused"] },
  {
    name: "an invalid Pod is final",
    error: new ApiError(pods, 422, { reason: "Invalid", message: "spec.containers[0].image: Required value" }),
    want: [true, "PodRefused"],
  },
  {
    name: "a name in use is waited for",
    error: new Error("Cannot create Pod", { cause: new ApiError(pods, 409, { reason: "AlreadyExists" }) }),
    want: [false, "PodNameInUse"],
  },
  {
    name: "a Lease that stands in the way may go",
    error: new NameUnavailableError("does not go"),
    want: [false, "NameUnavailable"],
  },
];

describe("refusalFrom", () => {
  test.each(rows)("$name", ({ error, want }) => {
    const refusal = refusalFrom(error, 0);
    expect([refusal?.final, refusal?.reason]).toEqual(want);
  });

  test.each([
    [4_999, 200],
    [5_000, 5_000],
  ])("a service account is looked for by a sandbox that is %i ms old again after %i", (age, retryAfter) => {
    const error = forbidden('error looking up service account n/x: serviceaccount "x" not found');
    expect(refusalFrom(error, age)).toMatchObject({ final: false, retryAfter });
  });

  test.each([
    new ConnectionError("reset"),
    new ApiError(pods, 500, {}),
    new ApiError(pods, 409, { reason: "Conflict" }),
    new ApiError("PATCH /api/v1/namespaces/n/pods/s", 403, { message: 'User "x" cannot patch resource "pods"' }),
    new ApiError("PATCH /apis/sandkeep.dev/v1alpha1/namespaces/n/sandboxes/s/status", 403, {}),
  ])("%s is no refusal of the Pod", (error) => {
    expect(refusalFrom(error, 0)).toBeUndefined();
  });
});
