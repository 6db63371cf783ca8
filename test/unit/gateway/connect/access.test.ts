import { describe, expect, it } from "vitest";
import { judge, type Verdict } from "../../../../src/gateway/connect/access.ts";
import { annotationOf } from "../../../../src/gateway/connect-tokens/revocations.ts";
import { aSandbox } from "../a-sandbox.ts";
import { aGrant, keyOf, signingKey, tokenFor } from "./tokens.ts";
import { signToken } from "../../../../src/gateway/connect-tokens/token.ts";

const host = "c-1.tunnels.example";
const grant = aGrant({ userMetadata: "alice" });
const token = await signToken(grant, signingKey);
const past = await tokenFor({ expiresAt: 1_700_000_000 });
const stranger = await tokenFor({ sandbox: "uid-2" });
const parameter = (path: string, value = token) => `${path}_sandkeep_connect_token=${value}`;

interface Given {
  method?: string;
  url?: string;
  headers?: Record<string, string | string[]>;
}

const bearer = { authorization: `Bearer ${token}` };
const cookie = { cookie: `__Host-sandkeep-connect=${token}` };
const forwarded = { to: "forward", grant, target: "/" } as const;
const refused = (refusal: string) => ({ to: "refuse", refusal });
const exchanged = (location: string) => ({ to: "exchange", grant, token, location: `https://${host}${location}` });
const page = (site: string, mode = "navigate", dest = "document") => ({
  "sec-fetch-site": site,
  "sec-fetch-mode": mode,
  "sec-fetch-dest": dest,
});

const table: [string, Given, object][] = [
  ["takes a token in the header", { headers: bearer }, forwarded],
  ["takes a token in the cookie", { headers: cookie }, forwarded],
  [
    "knows its host with a port, a final dot and in any case",
    { headers: { ...bearer, host: `C-1.Tunnels.example.:8444` } },
    forwarded,
  ],
  ["has a token in the URL exchanged for a cookie", { url: parameter("/a?b=1&") }, exchanged("/a?b=1")],
  ["leads nowhere else by that", { url: parameter("//evil.example/?") }, exchanged("//evil.example/")],
  ["has no form sent twice", { method: "POST", url: parameter("/?") }, forwarded],
  [
    "lets a WebSocket have its token in the URL",
    { url: parameter("/?"), headers: { upgrade: "websocket" } },
    forwarded,
  ],
  ["wants a token", {}, refused("unauthenticated")],
  ["wants one that has not expired", { headers: { authorization: `Bearer ${past}` } }, refused("expired")],
  ["wants one of this sandbox", { headers: { authorization: `Bearer ${stranger}` } }, refused("unauthenticated")],
  ["wants one that is whole", { headers: { authorization: `Bearer ${token}x` } }, refused("unauthenticated")],
  ["exchanges none that does not hold", { url: parameter("/?", stranger) }, refused("unauthenticated")],
  [
    "prefers no cookie to a header that does not hold",
    { headers: { ...cookie, authorization: `Bearer ${past}` } },
    refused("expired"),
  ],
  ["is for one host", { headers: { ...bearer, host: "c-2.tunnels.example" } }, refused("misdirected")],
  ["is for one host, of which there is one", { headers: { ...bearer, host: [host, host] } }, refused("malformed")],
  ["is no proxy", { url: `https://${host}/`, headers: bearer }, refused("malformed")],
  ["is no proxy by another way", { url: "*", method: "OPTIONS", headers: bearer }, refused("malformed")],
  ["wants one length", { headers: { ...bearer, "content-length": ["5", "5"] } }, refused("malformed")],
  [
    "wants one way to tell the length",
    { headers: { ...bearer, "content-length": "5", "transfer-encoding": "chunked" } },
    refused("malformed"),
  ],
  [
    "wants an encoding that it knows",
    { headers: { ...bearer, "transfer-encoding": "gzip, chunked" } },
    refused("malformed"),
  ],
  [
    "takes a request of its own page",
    { method: "POST", headers: { ...cookie, ...page("same-origin", "cors", "empty"), origin: `https://${host}` } },
    forwarded,
  ],
  ["takes what somebody has typed", { headers: { ...cookie, ...page("none") } }, forwarded],
  ["takes a link of another page", { headers: { ...cookie, ...page("cross-site") } }, forwarded],
  ["takes a link of another sandbox's page", { headers: { ...cookie, ...page("same-site") } }, forwarded],
  [
    "takes no form of another sandbox's page",
    { method: "POST", headers: { ...cookie, ...page("same-site") } },
    refused("forbidden"),
  ],
  [
    "takes no script's request of another sandbox's page",
    { headers: { ...cookie, ...page("same-site", "cors", "empty") } },
    refused("forbidden"),
  ],
  [
    "takes no frame in another page",
    { headers: { ...cookie, ...page("same-site", "navigate", "iframe") } },
    refused("forbidden"),
  ],
  [
    "takes no WebSocket of another page",
    { headers: { ...cookie, upgrade: "websocket", origin: "https://c-2.tunnels.example" } },
    refused("forbidden"),
  ],
  [
    "takes no WebSocket of a page without origin",
    { headers: { ...cookie, upgrade: "websocket", origin: "null" } },
    refused("forbidden"),
  ],
  [
    "takes a WebSocket of its own page",
    { headers: { ...cookie, upgrade: "websocket", origin: `https://${host}` } },
    forwarded,
  ],
  ["takes no service worker", { headers: { ...bearer, "service-worker": "script" } }, refused("worker")],
  [
    "takes any page's request that brings the token itself",
    { method: "POST", headers: { ...bearer, ...page("cross-site", "cors", "empty"), origin: "https://app.example" } },
    forwarded,
  ],
];

/** A request as Node shows it. */
function given({ method = "GET", url = "/", headers = {} }: Given): Parameters<typeof judge>[0] {
  const all = Object.entries({ host, ...headers });
  return {
    method,
    url,
    headers: Object.fromEntries(all.map(([name, value]) => [name, [value].flat()[0]])),
    headersDistinct: Object.fromEntries(all.map(([name, value]) => [name, [value].flat()])),
  };
}

const verdict = (request: Given, sandbox = aSandbox()): Promise<Verdict> =>
  judge(given(request), { sandbox, host }, keyOf, new Date());

describe("a request with a connect token", () => {
  it.each(table)("%s", async (_, request, want) => {
    expect(await verdict(request)).toEqual(want);
  });

  it("is refused once the token is revoked", async () => {
    const revoked = aSandbox({ annotations: annotationOf({ round: "", ids: [grant.id] }) });
    expect(await verdict({ headers: bearer }, revoked)).toEqual(refused("unauthenticated"));
    const others = aSandbox({ annotations: annotationOf({ round: "", ids: [aGrant().id] }) });
    expect(await verdict({ headers: bearer }, others)).toEqual(forwarded);
    const all = aSandbox({ annotations: annotationOf({ round: "r", ids: [] }) });
    expect(await verdict({ headers: cookie }, all)).toEqual(refused("unauthenticated"));
  });
});
