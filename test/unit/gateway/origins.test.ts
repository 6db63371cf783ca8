import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { allowOrigins } from "../../../src/gateway/server/origins.ts";

let server: Server | undefined;
afterEach(() => void server?.close());

/** The reply of a gateway that allows these origins, to a page of another. */
async function ask(origins: string[], method: "GET" | "OPTIONS", headers: Record<string, string>): Promise<Response> {
  const answering = createServer(allowOrigins(origins, (_, response) => response.writeHead(405).end()));
  server = answering;
  await new Promise<void>((resolve) => answering.listen(0, "127.0.0.1", resolve));
  return await fetch(`http://127.0.0.1:${(answering.address() as AddressInfo).port}/v1/x`, { method, headers });
}

const origin = "https://app.example.com";
const preflight = { origin, "access-control-request-method": "POST" };

test.each<[what: string, origins: string[], headers: Record<string, string>, allowed: string | null]>([
  ["that is allowed", [origin, "https://b"], { origin }, origin],
  ["where all are", ["*"], { origin }, origin],
  ["that is not", ["https://app.example.com.evil"], { origin }, null],
  ["where none is", [], { origin }, null],
  ["that no browser told", ["*"], {}, null],
])("of an origin %s the reply says whether a page may read it", async (_, origins, headers, allowed) => {
  const reply = await ask(origins, "GET", headers);
  expect(reply.status).toBe(405);
  expect(reply.headers.get("access-control-allow-origin")).toBe(allowed);
  expect(reply.headers.get("access-control-expose-headers")?.includes("Sandkeep-Offset") ?? null).toBe(
    allowed === null ? null : true,
  );
  expect(reply.headers.get("vary")).toBe(origins.length === 0 ? null : "Origin");
});

test("a browser that asks beforehand hears what a page may send", async () => {
  const reply = await ask([origin], "OPTIONS", preflight);
  expect(reply.status).toBe(204);
  expect(reply.headers.get("access-control-allow-methods")).toContain("PATCH");
  expect(reply.headers.get("access-control-allow-headers")).toMatch(/Authorization.*Idempotency-Key/);
});

test.each([
  ["of another origin", ["https://elsewhere"], preflight],
  ["for nothing", [origin], { origin }],
])("one that asks %s gets the ordinary reply", async (_, origins, headers) => {
  expect((await ask(origins, "OPTIONS", headers)).status).toBe(405);
});
