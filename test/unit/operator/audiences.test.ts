import { expect, test } from "vitest";
import { ApiError } from "../../../src/kube/api-error.ts";
import { apiServerAudiences, audiencesOf } from "../../../src/operator/audiences.ts";
import { silentLog } from "../../support/silent-log.ts";

function tokenFor(claims: unknown): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.signature`;
}

test.each([
  [tokenFor({ aud: ["https://a", "b"] }), ["https://a", "b"]],
  [`${tokenFor({ aud: "b" })}\n`, ["b"]],
  [tokenFor({ sub: "x" }), []],
  [tokenFor({ aud: 1 }), []],
  ["", []],
  ["a.b.c", []],
])("the token %s is for %j", (token, audiences) => {
  expect(audiencesOf(token)).toEqual(audiences);
});

test("an API server's issuer is its audience; one that tells nothing has none that is known", async () => {
  const never = new AbortController().signal;
  const telling = { getPath: <T>() => Promise.resolve({ issuer: "https://issuer" } as T) };
  expect(await apiServerAudiences(telling, silentLog, never)).toEqual(new Set(["https://issuer"]));
  const silent = { getPath: () => Promise.reject(new ApiError("GET /", 403, { reason: "Forbidden" })) };
  expect(await apiServerAudiences(silent, silentLog, never)).toBeUndefined();
});
