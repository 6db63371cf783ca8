import { expect, test, vi } from "vitest";
import { App } from "../../../src/sdk/app.ts";
import { idle, scripted } from "./script.ts";

const view = { id: "s", namespace: "test", createdAt: "2026-01-01T00:00:00Z", spec: { app: "a" }, status: {} };

test("a create that is aborted deletes what it may have made, which the same request finds", async () => {
  const { client, asked, requests } = scripted(({ method }, times) => ({
    body: method === "POST" && times === 0 ? idle() : view,
  }));
  const controller = new AbortController();
  const created = client.sandboxes.create(new App("a"), undefined, { signal: controller.signal });
  await vi.waitFor(() => expect(asked()).toEqual(["POST /sandboxes"]));
  controller.abort();
  await expect(created).rejects.toThrow("aborted");
  await vi.waitFor(() => expect(asked()).toEqual(["POST /sandboxes", "POST /sandboxes", "DELETE /sandboxes/s"]));
  const [first, second] = requests;
  expect(second).toMatchObject({ headers: { ...first?.headers }, body: first?.body });
});

test("one that was aborted before sends nothing", async () => {
  const { client, asked } = scripted(() => ({ body: view }));
  const created = client.sandboxes.create(new App("a"), undefined, { signal: AbortSignal.abort() });
  await expect(created).rejects.toThrow("aborted");
  expect(asked()).toEqual([]);
});
