import { describe, expect, it } from "vitest";
import { replyHeaders, requestHeaders } from "../../../../src/gateway/connect/headers.ts";
import { tokenFor } from "./tokens.ts";

const token = await tokenFor();
const forwarding = { client: "192.0.2.7", host: "c-1.example", upgrades: false, body: "none" } as const;
const base = [
  "Host",
  "c-1.example",
  "X-Forwarded-For",
  "192.0.2.7",
  "X-Forwarded-Host",
  "c-1.example",
  "X-Forwarded-Proto",
  "https",
];
const given = [...base, "Connection", "keep-alive"];

/** What comes before the fields that the gateway adds to every request. */
function kept(raw: string[]): string[] {
  const headers = requestHeaders(raw, { ...forwarding, userMetadata: undefined });
  expect(headers.slice(-given.length)).toEqual(given);
  return headers.slice(0, -given.length);
}

const requests: [string, string[], string[]][] = [
  [
    "keeps the program's own, in their order and case",
    ["accept", "*/*", "X-A", "1", "x-a", "2"],
    ["accept", "*/*", "X-A", "1", "x-a", "2"],
  ],
  ["drops the token", ["Authorization", `Bearer ${token}`], []],
  ["drops the token whatever the scheme's case", ["AUTHORIZATION", `bearer  ${token}`], []],
  [
    "keeps what is the program's own",
    ["Authorization", "Bearer abc", "authorization", "Basic YTpi"],
    ["Authorization", "Bearer abc", "authorization", "Basic YTpi"],
  ],
  [
    "drops its own cookie and keeps others as they are",
    ["Cookie", `a=1; __Host-sandkeep-connect=${token};b="2"`],
    ["Cookie", 'a=1; b="2"'],
  ],
  ["drops a Cookie that holds no other", ["cookie", `__Host-sandkeep-connect=${token}`], []],
  [
    "drops its own cookie from several headers",
    ["Cookie", "a=1", "Cookie", "__Host-sandkeep-connect=x;__Host-sandkeep-connect=y"],
    ["Cookie", "a=1"],
  ],
  ["drops forged metadata", ["X-Verified-User-Data", "root", "x-verified-user-data", "root"], []],
  ["drops forged metadata with underscores", ["X_Verified_User_Data", "root", "x-verified_user-data", "root"], []],
  ["drops forged metadata with any other sign", ["X.Verified!User~Data", "root"], []],
  [
    "drops what says where the request comes from",
    ["X-Forwarded-For", "1.1.1.1", "X_Forwarded_Proto", "http", "Forwarded", "for=1", "X-Real-IP", "1.1.1.1"],
    [],
  ],
  ["drops other hosts", ["Host", "c-1.example"], []],
  ["drops a page's address that has the token", ["Referer", "https://c-1.example/?_sandkeep_connect_token=x"], []],
  ["keeps other pages' addresses", ["Referer", "https://c-1.example/"], ["Referer", "https://c-1.example/"]],
  [
    "drops what is of the connection",
    [
      "Connection",
      "keep-alive, X-Hop",
      "X-Hop",
      "1",
      "Keep-Alive",
      "5",
      "TE",
      "trailers",
      "Trailer",
      "X",
      "Proxy-Authorization",
      "x",
      "Expect",
      "100-continue",
    ],
    [],
  ],
  [
    "drops what says how long the body is",
    ["Content-Length", "5", "Transfer-Encoding", "chunked", "content_length", "6"],
    [],
  ],
  [
    "drops what would leave HTTP",
    ["Connection", "Upgrade, HTTP2-Settings", "Upgrade", "h2c", "HTTP2-Settings", "AAM"],
    [],
  ],
];

function withBody(body: "chunked" | { length: string }): string[] {
  const raw = ["Content-Length", "5", "Transfer-Encoding", "chunked"];
  return requestHeaders(raw, { ...forwarding, userMetadata: undefined, body });
}

describe("the header of a request", () => {
  it.each(requests)("%s", (_, raw, want) => expect(kept(raw)).toEqual(want));

  it("says what the token says, even when the client asks to have it dropped", () => {
    const raw = ["Connection", "X-Verified-User-Data, Host, X-Forwarded-For", "X-Verified-User-Data", "root"];
    const headers = requestHeaders(raw, { ...forwarding, userMetadata: "alice" });
    expect(headers).toEqual([...base, "X-Verified-User-Data", "alice", "Connection", "keep-alive"]);
  });

  it("says once how the body ends", () => {
    expect(withBody("chunked")).toEqual([...given, "Transfer-Encoding", "chunked"]);
    expect(withBody({ length: "5" })).toEqual([...given, "Content-Length", "5"]);
  });

  it("asks for a WebSocket and nothing else", () => {
    const raw = ["Connection", "Upgrade", "Upgrade", "websocket, h2c", "Sec-WebSocket-Key", "x"];
    const headers = requestHeaders(raw, { ...forwarding, userMetadata: undefined, upgrades: true });
    expect(headers).toEqual(["Sec-WebSocket-Key", "x", ...base, "Connection", "Upgrade", "Upgrade", "websocket"]);
  });
});

const replies: [string, string[], string[]][] = [
  [
    "keeps the program's own",
    ["Content-Type", "text/html", "Set-Cookie", "a=1; Path=/; HttpOnly"],
    ["Content-Type", "text/html", "Set-Cookie", "a=1; Path=/; HttpOnly"],
  ],
  [
    "drops what is of the connection",
    ["Connection", "close, X-Hop", "X-Hop", "1", "Keep-Alive", "5", "Transfer-Encoding", "chunked", "Trailer", "x"],
    [],
  ],
  [
    "drops cookies of the gateway's name",
    ["Set-Cookie", "__Host-sandkeep-connect=x; Path=/; Secure", "set-cookie", " __host-SANDKEEP-connect =; Max-Age=0"],
    [],
  ],
  [
    "keeps cookies from other hosts",
    ["Set-Cookie", "a=1; Domain=example.com; Path=/; domain=.example.com"],
    ["Set-Cookie", "a=1; Path=/"],
  ],
];

describe("the header of a reply", () => {
  it.each(replies)("%s", (_, raw, want) => expect(replyHeaders(raw)).toEqual(want));

  it("says how long the body is when the program has", () => {
    expect(replyHeaders(["Content-Length", "5"], { length: "5" })).toEqual(["Content-Length", "5"]);
  });
});
