import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Decision, DecisionList } from "../../../../src/api/decision.ts";
import { decisionsAsker } from "../../../../src/gateway/network/egress-client.ts";
import { merged, networkHandlers } from "../../../../src/gateway/network/handlers.ts";
import type { Call } from "../../../../src/gateway/server/bind.ts";
import { aSandbox } from "../a-sandbox.ts";

const second = (number: number): string => `2026-11-22T00:00:0${number}.000000Z`;

function denied(host: string, at: number, count = 1): Decision {
  return { time: second(at), count, verdict: "Denied", protocol: "DNS", host, reason: "NotAllowed" };
}

test("what replicas know is put together", () => {
  const one: DecisionList = { decisions: [denied("a", 3), denied("b", 1, 2)], allowed: 1, denied: 3, failed: 0 };
  const other: DecisionList = { decisions: [denied("b", 2)], allowed: 1, denied: 1, failed: 1 };
  expect(merged([one, other])).toEqual({
    decisions: [denied("a", 3), denied("b", 2, 3)],
    allowed: 2,
    denied: 4,
    failed: 1,
  });
  expect(merged([])).toEqual({ decisions: [], allowed: 0, denied: 0, failed: 0 });
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "decisions-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("replicas are asked with the token, and what one answers is what there is", async () => {
  const asked: unknown[] = [];
  const list: DecisionList = { decisions: [denied("a", 1)], allowed: 0, denied: 1, failed: 0 };
  const server = createServer((request, response) => {
    asked.push([request.url, request.headers.authorization]);
    response.writeHead(request.url === "/decisions/0b" ? 200 : 500).end(JSON.stringify(list));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const tokenFile = join(folder, "token");
  await writeFile(tokenFile, "secret\n");
  const ask = decisionsAsker({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, tokenFile });
  const { signal } = new AbortController();
  expect(await ask("0b", signal)).toEqual([list]);
  expect(asked).toEqual([["/decisions/0b", "Bearer secret"]]);
  await expect(ask("0c", signal)).rejects.toThrow("answers 500");
  server.close();
});

const call = { params: { namespace: "n", id: "s" }, signal: new AbortController().signal } as Call<"readDecisions">;

test.each([
  ["it is not installed", undefined, "failed_precondition"],
  ["it does not answer", async () => Promise.reject(new Error("no")), "unavailable"],
])("where %s, the answer says so", async (_, ask, code) => {
  const { readDecisions } = networkHandlers({ find: async () => aSandbox() }, ask);
  await expect(readDecisions(call)).rejects.toMatchObject({ code, message: expect.stringMatching(/egress part/) });
});
