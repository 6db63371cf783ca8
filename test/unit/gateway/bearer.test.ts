import { expect, it } from "vitest";
import { bearerToken } from "../../../src/gateway/auth/bearer.ts";

it.each([
  ["Bearer abc", "abc"],
  ["bearer abc", "abc"],
  ["Bearer   abc ", "abc"],
  ["Bearer eyJh.bGci-Oi_J~+/9==", "eyJh.bGci-Oi_J~+/9=="],
])("takes the token from %j", (header, token) => {
  expect(bearerToken(header)).toBe(token);
});

it.each([
  [undefined],
  [""],
  ["Bearer"],
  ["Bearer "],
  ["Basic dXNlcjpwYXNz"],
  ["Bearer a b"],
  ["Bearer abc, Bearer def"],
  ["Bearer a\u0000b"],
  ["Bearer schlüssel"],
  ["Bearerabc"],
  [`Bearer ${"a".repeat(20_000)}`],
])("refuses %j as unauthenticated and does not repeat it", (header) => {
  let message = "";
  try {
    bearerToken(header);
  } catch (error) {
    expect(error).toMatchObject({ code: "unauthenticated", resource: "token", status: 401 });
    message = String(error);
  }
  expect(message).toContain("kubectl create token");
  expect(message).not.toMatch(/dXNlcjpwYXNz|schlüssel|aaaa/);
});
