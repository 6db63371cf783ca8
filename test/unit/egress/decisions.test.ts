import { afterEach, beforeEach, expect, test } from "vitest";
import { EGRESS_AUDIENCE } from "../../../src/api/constants.ts";
import { Decisions } from "../../../src/egress/decisions/decisions.ts";
import { gatewayReview, serveDecisions } from "../../../src/egress/decisions/server.ts";
import type { Serving } from "../../../src/lib/serving.ts";
import { silentLog } from "../../support/silent-log.ts";

const sandbox = { uid: "0b", namespace: "ns", name: "a" };
let decisions: Decisions;
let server: Serving;

beforeEach(async () => {
  decisions = new Decisions(silentLog);
  server = await serveDecisions(0, decisions, async (token) => token === "gateway");
});
afterEach(() => server[Symbol.asyncDispose]());

const at = (second: number): Date => new Date(Date.UTC(2026, 10, 22, 0, 0, second));

test("those that are alike are one, the newest comes first, and all are counted", () => {
  decisions.add(sandbox, { verdict: "Denied", protocol: "DNS", host: "a.example", reason: "NotAllowed" }, at(1));
  decisions.add(sandbox, { verdict: "Allowed", protocol: "TLS", host: "b.example", port: 443 }, at(2));
  decisions.add(sandbox, { verdict: "Denied", protocol: "DNS", host: "a.example", reason: "NotAllowed" }, at(3));
  expect(decisions.of("0b")).toEqual({
    allowed: 1,
    denied: 2,
    failed: 0,
    decisions: [
      {
        time: "2026-11-22T00:00:03.000000Z",
        count: 2,
        verdict: "Denied",
        protocol: "DNS",
        host: "a.example",
        reason: "NotAllowed",
      },
      {
        time: "2026-11-22T00:00:02.000000Z",
        count: 1,
        verdict: "Allowed",
        protocol: "TLS",
        host: "b.example",
        port: 443,
      },
    ],
  });
});

test("of a sandbox that makes up names only the last are remembered", () => {
  for (let number = 0; number < 1_000; number++)
    decisions.add(sandbox, { verdict: "Denied", protocol: "DNS", host: `${number}.example`, reason: "NotAllowed" });
  const { decisions: last, denied } = decisions.of("0b");
  expect(denied).toBe(1_000);
  expect(last).toHaveLength(64);
  expect(last[0]?.host).toBe("999.example");
});

test("who makes up names has no connection forgotten, nor its line left out", () => {
  const lines: object[] = [];
  const log = { ...silentLog, info: (line: object) => void lines.push(line) };
  decisions = new Decisions(log as never);
  decisions.add(sandbox, { verdict: "Allowed", protocol: "TLS", host: "b.example", port: 443 }, at(1));
  for (let number = 0; number < 100; number++)
    decisions.add(sandbox, { verdict: "Denied", protocol: "DNS", host: `${number}.example` }, at(2));
  decisions.add(sandbox, { verdict: "Denied", protocol: "TLS", host: "c.example", port: 443 }, at(3));
  const { decisions: last } = decisions.of("0b");
  expect([last[0]?.host, last[1]?.host, last.at(-1)?.host]).toEqual(["c.example", "99.example", "b.example"]);
  expect(lines.map((line) => "protocol" in line && line.protocol)).toEqual([
    "TLS",
    ...Array.from({ length: 20 }, () => "DNS"),
    "TLS",
  ]);
});

test("who brings many wrong tokens has few of them checked, and nobody else waits for that", async () => {
  let reviews = 0;
  const create = async () => {
    reviews += 1;
    const username = "system:serviceaccount:system:sandkeep-gateway";
    return { status: { authenticated: true, audiences: [EGRESS_AUDIENCE], user: { username } } };
  };
  const isGateway = gatewayReview({ create } as never, "system");
  const tries = Array.from({ length: 100 }, (_, number) => isGateway(`wrong ${number}`, "10.0.0.1"));
  const refused = (await Promise.allSettled(tries)).filter(({ status }) => status === "rejected");
  expect([reviews, refused.length]).toEqual([10, 90]);
  expect(await isGateway("right", "10.0.0.2")).toBe(true);
});

test.each([
  [{}, "/decisions/0b", 401],
  [{ authorization: "Bearer other" }, "/decisions/0b", 403],
  [{ authorization: "Bearer gateway" }, "/elsewhere", 404],
  [{ authorization: "Bearer gateway" }, "/decisions/..", 404],
  [{ authorization: "Bearer gateway" }, "/decisions/0b", 200],
])("who comes with %j to %s gets %i", async (headers, path, status) => {
  const reply = await fetch(`http://127.0.0.1:${server.port}${path}`, { headers: { ...headers } });
  expect(reply.status).toBe(status);
  await reply.body?.cancel();
});
