import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { NAME_CLAIMS } from "../../../src/api/name-claim.ts";
import { SANDBOX, type Sandbox } from "../../../src/api/sandbox.ts";
import { SandboxDirectory } from "../../../src/gateway/sandboxes/directory.ts";
import { SandboxNames } from "../../../src/gateway/sandboxes/names.ts";
import { LEASE, type Lease } from "../../../src/kube/objects.ts";
import { MemoryKube } from "../../support/memory-kube.ts";
import { aSandbox } from "./a-sandbox.ts";
import { stubSource, type StubSource } from "./stub-source.ts";

let kube: MemoryKube;
let sandboxes: StubSource<Sandbox, "namespace">;
let claims: StubSource<Lease, "claimant">;
let names: SandboxNames;

beforeEach(() => {
  vi.useFakeTimers();
  kube = new MemoryKube();
  sandboxes = stubSource({ namespace: ({ metadata }) => [metadata.namespace ?? ""] });
  claims = stubSource({ claimant: ({ metadata }) => [metadata.ownerReferences?.[0]?.uid ?? ""] });
  names = new SandboxNames(claims, new SandboxDirectory(sandboxes, kube), kube);
});
afterEach(() => vi.useRealTimers());

const wanted = aSandbox({ spec: { name: "cart" }, resourceVersion: "1" });

function claimOf({ metadata: { name, namespace = "", uid = "" } }: Sandbox): Lease {
  const owner = { apiVersion: "sandkeep.dev/v1alpha1", kind: "Sandbox", name, uid };
  return kube.put(LEASE, {
    metadata: { namespace, name: "claim", labels: { [NAME_CLAIMS]: name }, ownerReferences: [owner] },
  });
}

it("needs no word about a sandbox without a name", async () => {
  await names.confirm({ sandbox: aSandbox(), created: true });
  expect(kube.calls).toEqual([]);
});

it("takes the claim for the word, however late the sandbox itself is seen", async () => {
  kube.put(SANDBOX, wanted);
  const confirmed = names.confirm({ sandbox: wanted, created: true });
  await vi.advanceTimersByTimeAsync(500);
  claims.show(claimOf(wanted));
  await expect(confirmed).resolves.toBeUndefined();
  expect(kube.peek(SANDBOX, { namespace: "ns", name: "a" })).toBeDefined();
});

it("has a sandbox that lost deleted, in the operator's words", async () => {
  kube.put(SANDBOX, wanted);
  const message = 'Name "cart" is taken by the running sandbox b of app "default".';
  const confirmed = names.confirm({ sandbox: wanted, created: true });
  await vi.advanceTimersByTimeAsync(1);
  sandboxes.show({
    ...wanted,
    metadata: { ...wanted.metadata, resourceVersion: "2" },
    status: { phase: "Finished", reason: "NameTaken", message },
  });
  await expect(confirmed).rejects.toMatchObject({ code: "already_exists", resource: "sandbox", message });
  expect(kube.peek(SANDBOX, { namespace: "ns", name: "a" })).toBeUndefined();
});

it("lets one that has ended for another reason stay", async () => {
  sandboxes.show({ ...wanted, status: { phase: "Finished", reason: "Rejected" } });
  await expect(names.confirm({ sandbox: wanted, created: true })).resolves.toBeUndefined();
});

it("leaves nothing behind that nobody gives a name in time", async () => {
  kube.put(SANDBOX, wanted);
  const confirmed = expect(names.confirm({ sandbox: wanted, created: true })).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringMatching(/within 25 s nobody said .* "cart" is free in app "default".*operator runs/),
  });
  await vi.advanceTimersByTimeAsync(26_000);
  await confirmed;
  expect(kube.peek(SANDBOX, { namespace: "ns", name: "a" })).toBeUndefined();
});

it.each<[what: string, status: Sandbox["status"], claimed: boolean]>([
  ["holds its name", undefined, true],
  ["has come further", { phase: "Scheduled", scheduledAt: "2026-01-01T00:00:00Z" }, false],
])("asks the API server before it deletes one that %s", async (_what, status, claimed) => {
  sandboxes.show(wanted);
  kube.put(SANDBOX, { ...wanted, ...(status && { status }) });
  if (claimed) claimOf(wanted);
  const confirmed = expect(names.confirm({ sandbox: wanted, created: true })).resolves.toBeUndefined();
  await vi.advanceTimersByTimeAsync(26_000);
  await confirmed;
  expect(kube.peek(SANDBOX, { namespace: "ns", name: "a" })).toBeDefined();
});

it("leaves alone what an earlier request made", async () => {
  kube.put(SANDBOX, wanted);
  const confirmed = expect(names.confirm({ sandbox: wanted, created: false })).rejects.toMatchObject({
    code: "unavailable",
  });
  await vi.advanceTimersByTimeAsync(26_000);
  await confirmed;
  expect(kube.peek(SANDBOX, { namespace: "ns", name: "a" })).toBeDefined();
});

it("takes a node for the word", async () => {
  sandboxes.show({ ...wanted, status: { phase: "Scheduled", scheduledAt: "2026-01-01T00:00:00Z" } });
  await expect(names.confirm({ sandbox: wanted, created: false })).resolves.toBeUndefined();
});

it("says that a sandbox was deleted while its name was not confirmed", async () => {
  await expect(names.confirm({ sandbox: wanted, created: true })).rejects.toMatchObject({
    code: "conflict",
    message: expect.stringContaining("deleted before"),
  });
});
