import { expect, it } from "vitest";
import { createSandboxSchema, type CreateSandboxInput } from "../../../src/api/sandbox-http.ts";
import { idempotencyKey, isFromSameRequest, sandboxFor } from "../../../src/gateway/sandboxes/create.ts";
import { secretNames } from "../../../src/gateway/sandboxes/secrets.ts";
import type { Sandbox } from "../../../src/api/sandbox.ts";

const alice = { namespace: "ns", username: "alice" };

function made(request: CreateSandboxInput = {}, by: Parameters<typeof sandboxFor>[1] = alice): Sandbox {
  return sandboxFor(createSandboxSchema.parse(request), by);
}

it("makes up a name that is a label, another each time", () => {
  const names = Array.from({ length: 100 }, () => made().metadata.name);
  expect(new Set(names).size).toBe(100);
  for (const name of names) expect(name).toMatch(/^sbx-[a-z0-9]{12}$/);
});

it("keeps name, labels, annotations and spec as they were sent", () => {
  const sandbox = made({ name: "b", labels: { team: "x" }, annotations: { why: "y" }, spec: { image: "busybox" } });
  expect(sandbox.metadata).toMatchObject({
    name: "b",
    namespace: "ns",
    labels: { team: "x" },
    annotations: { why: "y" },
  });
  expect(sandbox.spec).toMatchObject({ image: "busybox" });
});

it("has the agent stay 5 s for readers after a short command", () => {
  expect(made().metadata.annotations?.["sandkeep.dev/linger-seconds"]).toBe("5");
});

it("lets a finished sandbox's record go after a day, unless told otherwise", () => {
  expect(made().spec.ttlSecondsAfterFinished).toBe(86_400);
  expect(made({ spec: { ttlSecondsAfterFinished: 0 } }).spec.ttlSecondsAfterFinished).toBe(0);
});

it.each([
  ["key", { ...alice, idempotencyKey: "other" }],
  ["user", { ...alice, username: "bob", idempotencyKey: "k" }],
  ["namespace", { ...alice, namespace: "other", idempotencyKey: "k" }],
])("gives the same name to the same key, and another for another %s", (_, by) => {
  const name = made({}, { ...alice, idempotencyKey: "k" }).metadata.name;
  expect(name).toMatch(/^sbx-[0-9a-f]{32}$/);
  expect(made({ spec: { image: "other" } }, { ...alice, idempotencyKey: "k" }).metadata.name).toBe(name);
  expect(made({}, by).metadata.name).not.toBe(name);
});

it.each<[what: string, again: CreateSandboxInput, same: boolean]>([
  ["the same", { spec: { image: "busybox", env: [{ name: "A", value: "1" }] } }, true],
  ["the same in another order", { spec: { env: [{ value: "1", name: "A" }], image: "busybox" } }, true],
  [
    "the same with a default spelt out",
    { spec: { image: "busybox", env: [{ name: "A", value: "1" }], app: "default" } },
    true,
  ],
  ["another value", { spec: { image: "busybox", env: [{ name: "A", value: "2" }] } }, false],
  ["one member less", { spec: { image: "busybox" } }, false],
])("knows a repeated request from another: %s", (_, again, same) => {
  const by = { ...alice, idempotencyKey: "k" };
  const first = made({ spec: { image: "busybox", env: [{ name: "A", value: "1" }] } }, by);
  expect(isFromSameRequest(first, made(again, by))).toBe(same);
});

it.each([
  ["another key", { ...alice, idempotencyKey: "other" }],
  ["another user's same key", { ...alice, username: "bob", idempotencyKey: "k" }],
])("does not take a name that is taken for its own under %s", (_, by) => {
  const first = made({ name: "b" }, { ...alice, idempotencyKey: "k" });
  expect(isFromSameRequest(first, made({ name: "b" }, { ...alice, idempotencyKey: "k" }))).toBe(true);
  expect(isFromSameRequest(first, made({ name: "b" }, by))).toBe(false);
});

it("lets nobody write the mark of a request", () => {
  const annotations = { "sandkeep.dev/request-hash": "forged" };
  expect(createSandboxSchema.safeParse({ annotations }).success).toBe(false);
});

it("takes no sandbox for its own that was made without a key", () => {
  expect(isFromSameRequest(made(), made())).toBe(false);
});

it.each([["x".repeat(256)], [""], ["two words"], ["schlüssel"], ["a\nb"]])("refuses the key %j", (key) => {
  expect(() => idempotencyKey(key)).toThrow("Idempotency-Key");
});

it("finds every Secret that a request names, once", () => {
  const request = createSandboxSchema.parse({
    imageSecret: "login",
    spec: {
      image: "busybox",
      imagePullSecrets: [{ name: "pull" }],
      env: [
        { name: "A", valueFrom: { secretKeyRef: { name: "env", key: "a" } } },
        { name: "B", valueFrom: { secretKeyRef: { name: "env", key: "b" } } },
        { name: "C", value: "plain" },
      ],
      envFrom: [{ secretRef: { name: "from" } }, { configMapRef: { name: "not-this" } }],
      volumes: [
        { name: "v", mountPath: "/v", secret: { secretName: "volume" } },
        { name: "w", mountPath: "/w", csi: { driver: "d.example.com", nodePublishSecretRef: { name: "csi" } } },
      ],
    },
  });
  expect(secretNames(request).sort()).toEqual(["csi", "env", "from", "login", "pull", "volume"]);
});
