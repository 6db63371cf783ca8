import { setImmediate } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { ClientClosedError, InvalidError, NotFoundError, type Sandbox } from "../../../src/sdk/index.ts";
import { scripted } from "./script.ts";

const view = { id: "s", namespace: "test", createdAt: "2026-01-01T00:00:00Z", spec: { app: "a" }, status: {} };

async function* nothing() {}

function missing(): Promise<never> {
  return Promise.reject(new NotFoundError("not_found", "secret", "There is none"));
}

describe("a method that gives a promise throws nothing itself", () => {
  const withWrongPath: [string, (sandbox: Sandbox) => Promise<unknown>][] = [
    ["makeDirectory", ({ filesystem }) => filesystem.makeDirectory("a")],
    ["remove", ({ filesystem }) => filesystem.remove("a")],
    ["writeBytes", ({ filesystem }) => filesystem.writeBytes(new Uint8Array(), "a")],
    ["writeText", ({ filesystem }) => filesystem.writeText("", "a")],
    ["writeStream", ({ filesystem }) => filesystem.writeStream(nothing(), "a")],
    ["writeStreamAt", ({ filesystem }) => filesystem.writeStreamAt(nothing(), "a", { offset: 0 })],
    ["writeArchive", ({ filesystem }) => filesystem.writeArchive(nothing(), "a")],
  ];
  test.each(withWrongPath)("%s", async (_, run) => {
    const { client } = scripted(() => ({ body: view }));
    const sandbox = await client.sandboxes.fromId("s");
    let promise: Promise<unknown> = Promise.resolve();
    expect(() => (promise = run(sandbox))).not.toThrow();
    await expect(promise).rejects.toThrow(InvalidError);
  });

  const whenDetached: [string, (sandbox: Sandbox) => Promise<unknown>][] = [
    ["connect", (sandbox) => sandbox.connect(80)],
    ["usage", (sandbox) => sandbox.usage()],
    ["open", (sandbox) => sandbox.open("/a")],
    ["mkdir", (sandbox) => sandbox.mkdir("/a")],
  ];
  test.each(whenDetached)("%s", async (_, run) => {
    const { client } = scripted(() => ({ body: view }));
    const sandbox = await client.sandboxes.fromId("s");
    sandbox.detach();
    let promise: Promise<unknown> = Promise.resolve();
    expect(() => (promise = run(sandbox))).not.toThrow();
    await expect(promise).rejects.toThrow(ClientClosedError);
  });
});

describe("promises given as parameters reject nothing but the call", () => {
  test.each<[string, (sandbox: Sandbox, client: ReturnType<typeof scripted>["client"]) => Promise<unknown>]>([
    ["exec with a wrong parameter", (sandbox) => sandbox.exec(["a"], { timeoutMs: 1, secrets: [missing()] })],
    [
      "create with a wrong parameter",
      (_, client) =>
        client.sandboxes.create({ appId: "a", name: "a" }, undefined, { timeoutMs: 1, secrets: [missing()] }),
    ],
    [
      "create with several that reject",
      (_, client) =>
        client.sandboxes.create({ appId: "a", name: "a" }, client.images.fromRegistry("a", missing()), {
          secrets: [missing()],
          volumes: { "/a": missing() },
        }),
    ],
  ])("%s", async (_, run) => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", listen);
    onTestFinished(() => void process.off("unhandledRejection", listen));
    const { client } = scripted(() => ({ body: view }));
    await expect(run(await client.sandboxes.fromId("s"), client)).rejects.toThrow();
    await setImmediate();
    await setImmediate();
    expect(unhandled).toEqual([]);
  });
});

test("a sandbox that has been deleted is disposed of without an error", async () => {
  const { client } = scripted(({ method }) =>
    method === "POST" ? { status: 404, body: { code: "not_found", resource: "sandbox", message: "" } } : { body: view },
  );
  const sandbox = await client.sandboxes.fromId("s");
  await expect(sandbox[Symbol.asyncDispose]()).resolves.toBeUndefined();
});
