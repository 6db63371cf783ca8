import { beforeEach, describe, expect, test } from "vitest";
import { SANDBOX, type Sandbox, type SandboxSpecInput, type SandboxStatus } from "../../../../src/api/sandbox.ts";
import { ApiError } from "../../../../src/kube/api-error.ts";
import { LEASE, type Lease } from "../../../../src/kube/objects.ts";
import { claimFor, needsName } from "../../../../src/operator/sandbox/name-claim.ts";
import { NameClaims, NameUnavailableError } from "../../../../src/operator/sandbox/name-claims.ts";
import type { Observed } from "../../../../src/operator/sandbox/observed.ts";
import { keyOfObject } from "../../../../src/runtime/key.ts";
import { MemoryKube } from "../../../support/memory-kube.ts";
import { aClass, aPod, aSandbox, ago, now, observed } from "../builders.ts";

const { signal } = new AbortController();
let kube: MemoryKube;
/** What the operator's watch shows. */
let shown: Map<string, Lease>;
let claims: NameClaims;

beforeEach(() => {
  kube = new MemoryKube();
  shown = new Map();
  claims = new NameClaims(kube, shown);
});

/** A stored sandbox that wants the name "web" in the app "a". */
function stored(id: string, { app = "a", status }: { app?: string; status?: SandboxStatus } = {}): Sandbox {
  const sandbox = aSandbox({ name: "web", app }, status);
  return kube.put(SANDBOX, { ...sandbox, metadata: { ...sandbox.metadata, name: id, uid: `uid-${id}` } });
}

function leaseOf(sandbox: Sandbox): Lease | undefined {
  const { namespace = "", name } = claimFor(sandbox).metadata;
  return kube.peek(LEASE, { namespace, name });
}

function show(sandbox: Sandbox): void {
  const lease = leaseOf(sandbox);
  if (lease !== undefined) shown.set(keyOfObject(lease), lease);
}

describe("NameClaims", () => {
  test("the first of two gets the name, as a Lease that tells whose it is, and the second is told by whom", async () => {
    const [first, second] = [stored("x"), stored("y")];
    expect(await claims.claim(first, signal)).toBeUndefined();
    expect(await claims.claim(second, signal)).toBe("x");
    expect(leaseOf(second)).toMatchObject({
      metadata: {
        name: expect.stringMatching(/^sandkeep-name-[0-9a-f]{16}$/),
        labels: { "sandkeep.dev/sandbox": "x" },
        annotations: { "sandkeep.dev/claimed-name": "a/web" },
        ownerReferences: [{ kind: "Sandbox", name: "x", uid: "uid-x" }],
      },
      spec: { holderIdentity: "x" },
    });
  });

  test("who has the name asks once; another operator learns that it has it", async () => {
    const holder = stored("x");
    await claims.claim(holder, signal);
    const { length } = kube.calls;
    expect(await claims.claim(holder, signal)).toBeUndefined();
    expect(kube.calls).toHaveLength(length);
    expect(await new NameClaims(kube, shown).claim(holder, signal)).toBeUndefined();
  });

  test("of fifty at once, asked for by two operators, one gets it", async () => {
    const operators = [claims, new NameClaims(kube, shown)];
    const sandboxes = Array.from({ length: 50 }, (_, index) => stored(`s${index}`));
    const answers = await Promise.all(
      sandboxes.map((sandbox, index) => operators[index % 2]?.claim(sandbox, signal) ?? Promise.reject(new Error())),
    );
    expect(answers.filter((holder) => holder === undefined)).toHaveLength(1);
    expect(new Set(answers).size).toBe(2);
  });

  test.each<[what: string, change: (holder: Sandbox) => unknown]>([
    ["has finished", (holder) => kube.put(SANDBOX, { ...holder, status: { phase: "Finished" } })],
    ["is gone", ({ metadata }) => kube.delete(SANDBOX, { namespace: "n", name: metadata.name })],
    [
      "is another of its id",
      (holder) => kube.put(SANDBOX, { ...holder, metadata: { ...holder.metadata, uid: "new" } }),
    ],
  ])("a name whose holder %s is taken over, by a Lease of its own", async (_, change) => {
    const [holder, next] = [stored("x"), stored("y")];
    await claims.claim(holder, signal);
    const { uid } = leaseOf(holder)?.metadata ?? {};
    await change(holder);
    expect(await claims.claim(next, signal)).toBeUndefined();
    expect(leaseOf(next)?.spec?.holderIdentity).toBe("y");
    expect(leaseOf(next)?.metadata.uid).not.toBe(uid);
  });

  test("what somebody else has taken over meanwhile is not taken away again", async () => {
    const [holder, next, late] = [stored("x"), stored("y"), stored("z")];
    await claims.claim(holder, signal);
    await kube.delete(SANDBOX, { namespace: "n", name: "x" });
    const other = new NameClaims(kube, shown);
    let raced = false;
    kube.onCall = async (call) => {
      if (raced || !call.startsWith("delete leases")) return;
      raced = true;
      await other.claim(next, signal);
    };
    expect(await claims.claim(late, signal)).toBe("y");
  });

  test("a Lease without an owner is in nobody's way, unless it does not go", async () => {
    const next = stored("y");
    const { ownerReferences: _, ...metadata } = claimFor(next).metadata;
    const { uid } = kube.put(LEASE, { metadata }).metadata;
    for (const error of [
      new ApiError("DELETE /leases/x", 403, { reason: "Forbidden", message: "denied" }),
      undefined,
    ]) {
      kube.onCall = (call) => {
        if (!call.startsWith("delete leases")) return;
        if (error !== undefined) throw error;
        // As of one that a finalizer keeps.
        throw new ApiError("DELETE /leases/x", 409, { reason: "Conflict" });
      };
      await expect(claims.claim(next, signal)).rejects.toThrow(NameUnavailableError);
    }
    kube.onCall = () => {};
    expect(await claims.claim(next, signal)).toBeUndefined();
    expect(leaseOf(next)?.metadata.uid).not.toBe(uid);
  });

  test("the end of the holder frees the name, and that of another does not", async () => {
    const [holder, next] = [stored("x"), stored("y")];
    await claims.claim(holder, signal);
    show(holder);
    await claims.release(next, signal);
    expect(leaseOf(holder)).toBeDefined();
    await claims.release(holder, signal);
    expect(leaseOf(holder)).toBeUndefined();
    const { length } = kube.calls;
    await claims.release(holder, signal);
    expect(kube.calls).toHaveLength(length);
  });

  test("names are per app", async () => {
    expect(await claims.claim(stored("x"), signal)).toBeUndefined();
    expect(await claims.claim(stored("y", { app: "b" }), signal)).toBeUndefined();
  });
});

function named(spec: SandboxSpecInput = {}, status?: SandboxStatus): Sandbox {
  return aSandbox({ name: "web", ...spec }, status);
}

describe("needsName", () => {
  const deleted = named();
  test.each<[what: string, parts: Partial<Observed>, needed: boolean]>([
    ["a new sandbox", { sandbox: named() }, true],
    ["one that waits for its probe", { sandbox: named({ readinessProbeName: "late" }) }, true],
    ["one without a name", {}, false],
    ["one that has a Pod", { sandbox: named(), pod: aPod() }, false],
    ["one whose Pod is gone", { sandbox: named({}, { phase: "Started", scheduledAt: ago(9) }) }, false],
    ["one that has finished", { sandbox: named({}, { phase: "Finished" }) }, false],
    ["one that is not to run", { sandbox: named({ desiredState: "Terminated" }) }, false],
    ["one that its class refuses", { sandbox: named(), sandboxClass: aClass({ allowedImages: ["x"] }) }, false],
    [
      "one that is being deleted",
      { sandbox: { ...deleted, metadata: { ...deleted.metadata, deletionTimestamp: ago(1) } } },
      false,
    ],
  ])("of %s", (_, parts, needed) => {
    expect(needsName(observed(parts), now)).toBe(needed);
  });
});
