import { beforeEach, describe, expect, it } from "vitest";
import { createSandboxSchema } from "../../../src/api/sandbox-http.ts";
import { SANDBOX } from "../../../src/api/sandbox.ts";
import { sandboxFor } from "../../../src/gateway/sandboxes/create.ts";
import { ownSecret, ownSecretName, storeOwnSecret } from "../../../src/gateway/sandboxes/own-secrets.ts";
import { ApiError } from "../../../src/kube/api-error.ts";
import { SECRET } from "../../../src/kube/objects.ts";
import { MemoryKube } from "../../support/memory-kube.ts";
import { aSandbox } from "./a-sandbox.ts";

const values = { PASSWORD: "hunter2", GREETING: "grüß" };
const sandbox = aSandbox({ spec: { envFrom: [{ secretRef: { name: "own" } }, { secretRef: { name: "a-env-7" } }] } });
const here = { namespace: "ns", name: "a" };
const there = { namespace: "ns", name: "a-env-7" };

const alice = { namespace: "ns", username: "alice", idempotencyKey: "k" };

/** What tells a request under a key from another. */
function hash(secretValues: Record<string, string>): string | undefined {
  return sandboxFor(createSandboxSchema.parse({ secretValues }), alice).metadata.annotations?.[
    "sandkeep.dev/request-hash"
  ];
}

describe("a sandbox with secret values", () => {
  it("names a Secret last that nobody can guess, and holds no value", () => {
    const request = createSandboxSchema.parse({
      name: "a",
      spec: { envFrom: [{ secretRef: { name: "own" } }] },
      secretValues: values,
    });
    const made = sandboxFor(request, alice);
    expect(made.spec.envFrom).toEqual([
      { secretRef: { name: "own" } },
      { secretRef: { name: expect.stringMatching(/^a-env-[0-9a-f]{16}$/) } },
    ]);
    expect(JSON.stringify(made)).not.toMatch(/hunter2|aHVudGVyMg/);
  });

  it("has another Secret each time", () => {
    expect(ownSecretName("a", "env")).not.toBe(ownSecretName("a", "env"));
  });

  it.each<[what: string, again: Record<string, string>, same: boolean]>([
    ["other values", { GREETING: "hello", PASSWORD: "hunter3" }, true],
    ["other names", { PASSWORD: "hunter2" }, false],
  ])("is the same under its key with %s: %s", (_, again, same) => {
    expect(hash(again) === hash(values)).toBe(same);
  });

  it.each<[what: string, secretValues: unknown]>([
    ["a number", { A: 1 }],
    ["a name with a space", { "A B": "1" }],
    ["a name that begins with a digit", { "1A": "1" }],
    ["no name", { "": "1" }],
    ["a NUL", { A: "a\0b" }],
    ["half a character", { A: "\ud800" }],
    ["too many", Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`A${i}`, ""]))],
    ["a list", ["A=1"]],
  ])("is refused with %s, and no value is repeated", (_, secretValues) => {
    const parsed = createSandboxSchema.safeParse({ secretValues });
    expect(parsed.success).toBe(false);
    expect(JSON.stringify(parsed.error?.issues)).not.toMatch(/a\\u0000b/);
  });
});

it("keeps the values in an immutable Secret that goes with the sandbox", () => {
  expect(ownSecret(sandbox, "env", values)).toEqual({
    metadata: {
      name: "a-env-7",
      namespace: "ns",
      labels: { "app.kubernetes.io/managed-by": "sandkeep", "sandkeep.dev/sandbox": "a" },
      ownerReferences: [{ apiVersion: "sandkeep.dev/v1alpha1", kind: "Sandbox", name: "a", uid: "uid-1" }],
    },
    type: "Opaque",
    immutable: true,
    data: { PASSWORD: "aHVudGVyMg==", GREETING: Buffer.from("grüß").toString("base64") },
  });
});

describe("storing the values", () => {
  let kube: MemoryKube;
  beforeEach(() => {
    kube = new MemoryKube();
    kube.put(SANDBOX, sandbox);
  });

  function refusing(message: string): void {
    kube.onCall = (call) => {
      if (call.startsWith("create secrets")) throw new ApiError("POST", 403, { reason: "Forbidden", message });
    };
  }

  it("is one write", async () => {
    await storeOwnSecret(kube, { sandbox, created: true }, "env", values);
    expect(kube.peek(SECRET, there)?.data).toHaveProperty("PASSWORD");
    expect(kube.calls).toEqual(["create secrets ns/a-env-7"]);
  });

  it("takes the sandbox away again where it fails", async () => {
    refusing("exceeded quota: q");
    await expect(storeOwnSecret(kube, { sandbox, created: true }, "env", values)).rejects.toThrow("exceeded quota");
    expect(kube.peek(SANDBOX, here)).toBeUndefined();
  });

  it("leaves a sandbox that an earlier request has made", async () => {
    refusing("exceeded quota: q");
    await expect(storeOwnSecret(kube, { sandbox, created: false }, "env", values)).rejects.toThrow("exceeded quota");
    expect(kube.peek(SANDBOX, here)).toBeDefined();
  });

  it("says what to do where the gateway may create none", async () => {
    refusing('secrets is forbidden: User "system:serviceaccount:s:g" cannot create resource "secrets" in API group ""');
    await expect(storeOwnSecret(kube, { sandbox, created: true }, "env", values)).rejects.toMatchObject({
      code: "not_supported",
      resource: "secret",
      message: expect.stringContaining("gateway.sandboxSecrets"),
    });
    expect(kube.peek(SANDBOX, here)).toBeUndefined();
  });

  it("is done where another request under its key was faster to store the same", async () => {
    kube.put(SECRET, ownSecret(sandbox, "env", values));
    await storeOwnSecret(kube, { sandbox, created: true }, "env", values);
    expect(kube.peek(SANDBOX, here)).toBeDefined();
  });

  it("is done where the first of several requests under one key has done it, and refused where anybody else has", async () => {
    kube.put(SECRET, ownSecret(sandbox, "env", { PASSWORD: "other" }));
    await storeOwnSecret(kube, { sandbox, created: false }, "env", values);
    await expect(storeOwnSecret(kube, { sandbox, created: true }, "env", values)).rejects.toThrow("AlreadyExists");
    expect(kube.peek(SANDBOX, here)).toBeUndefined();
  });
});
