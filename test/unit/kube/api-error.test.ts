import { describe, expect, test } from "vitest";
import {
  apiError,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isInvalid,
  isNotFound,
  isUnauthorized,
} from "../../../src/kube/api-error.ts";

function refusal(code: number, reason: string) {
  return apiError("GET /x", code, JSON.stringify({ kind: "Status", code, reason, message: `${reason}!` }));
}

const predicates = { isAlreadyExists, isConflict, isForbidden, isGone, isInvalid, isNotFound, isUnauthorized };

describe("an API error", () => {
  test.each([
    { status: 401, reason: "Unauthorized", is: "isUnauthorized" },
    { status: 403, reason: "Forbidden", is: "isForbidden" },
    { status: 404, reason: "NotFound", is: "isNotFound" },
    { status: 409, reason: "AlreadyExists", is: "isAlreadyExists" },
    { status: 409, reason: "Conflict", is: "isConflict" },
    { status: 410, reason: "Expired", is: "isGone" },
    { status: 422, reason: "Invalid", is: "isInvalid" },
  ])("of $status $reason is $is and nothing else", ({ status, reason, is }) => {
    const error = refusal(status, reason);
    expect(Object.entries(predicates).filter(([, holds]) => holds(error))).toEqual([[is, expect.anything()]]);
    expect(error.message).toBe(`${reason}!`);
  });

  test("keeps the details", () => {
    const body = {
      kind: "Status",
      details: { name: "a", causes: [{ field: "spec", message: "no" }], retryAfterSeconds: 3 },
    };
    expect(apiError("GET /x", 500, JSON.stringify(body)).details).toEqual(body.details);
  });

  test.each([
    { body: "", message: "GET /x was answered with HTTP status 502" },
    { body: "Bad gateway\n", message: "Bad gateway" },
    { body: '{"kind":"Pod"}', message: '{"kind":"Pod"}' },
  ])("has a message for the body $body", ({ body, message }) => {
    expect(apiError("GET /x", 502, body).message).toBe(message);
  });

  test("is told from any other error", () => {
    expect(isNotFound(new Error("404"))).toBe(false);
    expect(isNotFound(undefined)).toBe(false);
  });
});
