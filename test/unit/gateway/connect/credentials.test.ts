import { describe, expect, it } from "vitest";
import { cookieFor, credentialOf, withoutToken, type Credential } from "../../../../src/gateway/connect/credentials.ts";
import { tokenFor } from "./tokens.ts";

const token = await tokenFor();
const cookie = `a=1; __Host-sandkeep-connect=${token}`;
const parameter = "/?_sandkeep_connect_token=t";

const table: [string, { url?: string; headers?: Record<string, string> }, Credential][] = [
  ["nothing", {}, { from: "nowhere" }],
  ["a header", { headers: { authorization: `Bearer ${token}` } }, { from: "header", token }],
  ["a parameter", { url: parameter }, { from: "parameter", token: "t" }],
  ["a cookie", { headers: { cookie } }, { from: "cookie", token }],
  [
    "the header before the others",
    { url: parameter, headers: { cookie, authorization: `bearer ${token}` } },
    { from: "header", token },
  ],
  ["the parameter before the cookie", { url: parameter, headers: { cookie } }, { from: "parameter", token: "t" }],
  ["the program's own Authorization for none", { headers: { authorization: "Bearer abc" } }, { from: "nowhere" }],
  [
    "the program's own Authorization beside a cookie",
    { headers: { cookie, authorization: "Basic YTpi" } },
    { from: "cookie", token },
  ],
  [
    "another cookie for none",
    { headers: { cookie: `sandkeep-connect=${token}; x__Host-sandkeep-connect=1` } },
    { from: "nowhere" },
  ],
  [
    "a cookie whose name begins with another space for none",
    { headers: { cookie: `a=1; \u00a0__Host-sandkeep-connect=${token}` } },
    { from: "nowhere" },
  ],
];

const targets: [string, string, string | undefined][] = [
  ["/", "/", undefined],
  ["/a?b=1&c", "/a?b=1&c", undefined],
  ["/?_sandkeep_connect_token=t", "/", "t"],
  ["/a?b=%20+&_sandkeep_connect_token=t&c", "/a?b=%20+&c", "t"],
  ["/?%5Fsandkeep%5fconnect_token=t", "/", "t"],
  ["/?_sandkeep_connect_token=t&_sandkeep_connect_token=u", "/", "t"],
  ["/?_sandkeep_connect_token", "/", ""],
  ["/?_sandkeep_connect_token=a%2Eb", "/", "a.b"],
  ["/?%zz=1&_sandkeep_connect_token=t", "/?%zz=1", "t"],
  ["/a?_Sandkeep_connect_token=t", "/a?_Sandkeep_connect_token=t", undefined],
  ["/_sandkeep_connect_token=t", "/_sandkeep_connect_token=t", undefined],
  ["//b/?_sandkeep_connect_token=t", "//b/", "t"],
];

describe("the credential of a request", () => {
  it.each(table)("is found: %s", (_, { url = "/", headers = {} }, want) => {
    expect(credentialOf({ url, headers })).toEqual(want);
  });

  it.each(targets)("leaves nothing in the target %s", (target, rest, token) => {
    expect(withoutToken(target)).toEqual({ target: rest, ...(token !== undefined && { token }) });
  });

  it("is a cookie that scripts and other hosts cannot have", () => {
    expect(cookieFor("t", 60)).toBe("__Host-sandkeep-connect=t; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Lax");
  });
});
