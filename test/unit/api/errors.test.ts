import { expect, test } from "vitest";
import { errorBodySchema } from "../../../src/api/error-body.ts";
import { errorCodes, SandkeepError } from "../../../src/api/errors.ts";

test("an error becomes the JSON that its schema reads", () => {
  const error = new SandkeepError("not_found", "sandbox", 'No sandbox "a"', { details: { name: "a" } });
  expect(error.status).toBe(404);
  expect(error.retryable).toBe(false);
  expect(errorBodySchema.parse(JSON.parse(JSON.stringify(error)))).toEqual({
    code: "not_found",
    message: 'No sandbox "a"',
    resource: "sandbox",
    details: { name: "a" },
  });
});

test("every code has a status that says whose fault it is", () => {
  for (const { status } of Object.values(errorCodes)) {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
  }
});

test("the cause is kept, and is no part of the reply", () => {
  const cause = new Error("secret");
  const error = new SandkeepError("internal", "request", "Cannot do it", { cause });
  expect(error.cause).toBe(cause);
  expect(JSON.stringify(error)).not.toContain("secret");
});
