import { describe, expect, test, vi } from "vitest";
import { InternalFailure, UnavailableError } from "../../../src/sdk/index.ts";
import { ConnectionError } from "../../../src/sdk/http/transport.ts";
import { broken, scripted } from "./script.ts";

const view = { id: "sbx-1", namespace: "test", createdAt: "2026-01-01T00:00:00Z", spec: { app: "a" }, status: {} };

describe("an operation whose reply breaks off in the middle", () => {
  test("is repeated where it may be", async () => {
    const { client, asked } = scripted((_, times) => ({ body: times === 0 ? broken('{"id":') : view }));
    await expect(client.sandboxes.fromId("sbx-1")).resolves.toMatchObject({ sandboxId: "sbx-1" });
    expect(asked()).toEqual(["GET /sandboxes/sbx-1", "GET /sandboxes/sbx-1"]);
  });

  test("creates one sandbox, by the same key", async () => {
    const { client, requests } = scripted((_, times) => ({ body: times === 0 ? broken("{") : view }));
    await client.sandboxes.create({ appId: "a", name: "a" });
    const keys = requests.map(({ headers }) => headers?.["idempotency-key"]);
    expect(keys).toEqual([keys[0], keys[0]]);
  });

  test("is an UnavailableError where it may not", async () => {
    const { client, asked } = scripted(({ method }) => ({ body: method === "POST" ? broken("{") : view }));
    const { filesystem } = await client.sandboxes.fromId("sbx-1");
    await expect(filesystem.rename("/a", "/b")).rejects.toThrow(UnavailableError);
    expect(asked()).toHaveLength(2);
  });
});

test("an operation is repeated for as long after its first failure, however long it took until then", async () => {
  const now = vi.spyOn(performance, "now");
  const { client, asked } = scripted((_, times) => {
    if (times > 0) return { body: view };
    now.mockReturnValue(1e9);
    throw new ConnectionError("Cut after a long wait");
  });
  await client.sandboxes.fromId("sbx-1");
  expect(asked()).toHaveLength(2);
  now.mockRestore();
});

test.each([
  ["an error of null", 500, "null"],
  ["a page of a proxy", 200, "<html>"],
])("%s is an InternalFailure", async (_, status, body) => {
  const { client } = scripted(() => ({ status, body }));
  await expect(client.sandboxes.fromId("sbx-1")).rejects.toThrow(InternalFailure);
});
