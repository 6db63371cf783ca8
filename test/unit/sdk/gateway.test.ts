import { afterEach, describe, expect, test, vi } from "vitest";
import { InternalFailure, TimeoutError, UnavailableError } from "../../../src/sdk/index.ts";
import { ConnectionError } from "../../../src/sdk/http/transport.ts";
import { type Answer, broken, scripted } from "./script.ts";

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

/** A gateway that never answers what was asked fewer than so many times before. */
const silent = (count: number) =>
  scripted(({ signal }, times) => {
    if (times >= count) return { body: view };
    const { promise, reject } = Promise.withResolvers<never>();
    signal?.addEventListener("abort", () => reject(signal.reason as Error));
    return promise;
  });

describe("an operation of which nothing is heard", () => {
  afterEach(() => vi.useRealTimers());

  test("is asked for again after 40 s", async () => {
    vi.useFakeTimers();
    const { client, asked } = silent(1);
    const found = client.sandboxes.fromId("sbx-1");
    await vi.advanceTimersByTimeAsync(40_500);
    await expect(found).resolves.toMatchObject({ sandboxId: "sbx-1" });
    expect(asked()).toHaveLength(2);
  });

  test("is then waited for until the gateway says that its sandbox does not start", async () => {
    vi.useFakeTimers();
    const { client, asked } = scripted(({ signal }) => {
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      const body = { code: "deadline_exceeded", resource: "sandbox", message: "It did not start within 300 s" };
      setTimeout(resolve, 300_000, { status: 504, body });
      signal?.addEventListener("abort", () => reject(signal.reason as Error));
      return promise;
    });
    const refused = expect(client.sandboxes.fromId("sbx-1")).rejects.toThrow(TimeoutError);
    await vi.advanceTimersByTimeAsync(340_000);
    await refused;
    expect(asked()).toHaveLength(2);
  });

  test("takes any time when any time was asked for", async () => {
    const { client, asked } = scripted(({ method }) => (method === "GET" ? { body: view } : {}));
    const sandbox = await client.sandboxes.fromId("sbx-1");
    await sandbox.reloadVolumes({ timeoutMs: 1e12 });
    expect(asked()).toHaveLength(2);
  });

  test("is asked for again later when it is to wait", async () => {
    vi.useFakeTimers();
    const { client, asked } = scripted(({ signal }, times) => {
      if (times === 0) return { body: view };
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      setTimeout(resolve, 50_000, { body: { ...view, status: { phase: "Succeeded" } } });
      signal?.addEventListener("abort", () => reject(signal.reason as Error));
      return promise;
    });
    const sandbox = await client.sandboxes.fromId("sbx-1");
    const waited = sandbox.wait();
    await vi.advanceTimersByTimeAsync(50_000);
    await waited;
    expect(asked()).toHaveLength(2);
  });

  test("is given up in the end", async () => {
    vi.useFakeTimers();
    const { client } = silent(Infinity);
    const refused = expect(client.sandboxes.fromId("sbx-1")).rejects.toThrow(/No reply to GET .* for 340000 ms/);
    await vi.advanceTimersByTimeAsync(500_000);
    await refused;
  });
});

test.each([
  ["an error of null", 500, "null"],
  ["a page of a proxy", 200, "<html>"],
])("%s is an InternalFailure", async (_, status, body) => {
  const { client } = scripted(() => ({ status, body }));
  await expect(client.sandboxes.fromId("sbx-1")).rejects.toThrow(InternalFailure);
});
