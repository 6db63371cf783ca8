import type { IncomingMessage, ServerResponse } from "node:http";
import { beforeEach, expect, it } from "vitest";
import { createSandboxSchema } from "../../../src/api/sandbox-http.ts";
import { SANDBOX, type Sandbox } from "../../../src/api/sandbox.ts";
import { auditTo } from "../../../src/gateway/audit.ts";
import { SandboxDirectory } from "../../../src/gateway/sandboxes/directory.ts";
import { sandboxHandlers } from "../../../src/gateway/sandboxes/handlers.ts";
import { SandboxNames } from "../../../src/gateway/sandboxes/names.ts";
import type { Call } from "../../../src/gateway/server/bind.ts";
import type { Lease } from "../../../src/kube/objects.ts";
import { MemoryKube } from "../../support/memory-kube.ts";
import { silentLog } from "../../support/silent-log.ts";
import { aSandbox } from "./a-sandbox.ts";
import { stubSource, type StubSource } from "./stub-source.ts";

let kube: MemoryKube;
let sandboxes: StubSource<Sandbox, "namespace">;
let claims: StubSource<Lease, "claimant">;
let handlers: ReturnType<typeof sandboxHandlers>;

beforeEach(() => {
  kube = new MemoryKube();
  sandboxes = stubSource({ namespace: ({ metadata }) => [metadata.namespace ?? ""] });
  claims = stubSource({ claimant: ({ metadata }) => [metadata.ownerReferences?.[0]?.uid ?? ""] });
  const directory = new SandboxDirectory(sandboxes, kube);
  handlers = sandboxHandlers(directory, kube, {
    names: new SandboxNames(claims, directory, kube),
    authorise: async () => {},
    audit: auditTo(silentLog, "hash"),
    checkClass: async () => {},
    checkLife: async () => {},
    hasten: () => {},
  });
});

/** The Lease by which a sandbox holds its name. */
function claimOf({ metadata: { name, uid = "" } }: Pick<Sandbox, "metadata">): Lease {
  const owner = { apiVersion: "sandkeep.dev/v1alpha1", kind: "Sandbox", name, uid };
  return { metadata: { namespace: "ns", name: `claim-${name}`, resourceVersion: "1", ownerReferences: [owner] } };
}

/** A request to create "ns/a" that waits for a milestone. */
function creating(wait: "started" | "ready"): Call<"createSandbox"> {
  return {
    route: "createSandbox",
    params: { namespace: "ns" },
    query: { wait, timeoutSeconds: 300 },
    body: createSandboxSchema.parse({ name: "a" }),
    user: { username: "alice" },
    signal: new AbortController().signal,
    request: { headers: {} } as Partial<IncomingMessage> as IncomingMessage,
    response: {} as Partial<ServerResponse> as ServerResponse,
    facts: {},
  };
}

it("creates nothing for a request to wait for readiness that has no probe", async () => {
  await expect(handlers.createSandbox(creating("ready"))).rejects.toMatchObject({ code: "failed_precondition" });
  expect(kube.calls).toEqual([]);
});

it("waits for the sandbox that it has created, not for an earlier one that the store still shows", async () => {
  const earlier = aSandbox({
    uid: "earlier",
    resourceVersion: "0",
    status: { phase: "Finished", reason: "Completed" },
  });
  sandboxes.show(earlier);
  const waiting = handlers.createSandbox(creating("started"));
  await expect.poll(() => kube.peek(SANDBOX, { namespace: "ns", name: "a" })).toBeDefined();
  const { uid = "" } = kube.peek(SANDBOX, { namespace: "ns", name: "a" })?.metadata ?? {};
  sandboxes.show(
    aSandbox({ uid, resourceVersion: "9", status: { phase: "Started", startedAt: "2026-01-01T00:00:10.000000Z" } }),
  );
  await expect(waiting).resolves.toMatchObject({ uid, status: { phase: "Started" } });
});

it("creates nothing under a name that a sandbox of the app has", async () => {
  const holder = kube.put(SANDBOX, aSandbox({ name: "holder", spec: { app: "shop", name: "cart" } }));
  sandboxes.store.replaceAll([holder]);
  claims.show(claimOf(holder));
  const body = createSandboxSchema.parse({ spec: { app: "shop", name: "cart" } });
  await expect(handlers.createSandbox({ ...creating("started"), body })).rejects.toMatchObject({
    code: "already_exists",
    message: 'Name "cart" is taken by the sandbox "ns/holder" of app "shop"',
  });
  expect(kube.calls).toEqual(["get sandboxes ns/holder"]);
});

it("creates a sandbox under a name whose sandbox has finished, though the store does not show it yet", async () => {
  const spec = { app: "shop", name: "cart" };
  sandboxes.store.replaceAll([aSandbox({ name: "holder", spec })]);
  kube.put(SANDBOX, aSandbox({ name: "holder", spec, status: { phase: "Finished", reason: "Terminated" } }));
  const { wait: _, ...query } = creating("started").query;
  const creation = handlers.createSandbox({
    ...creating("started"),
    query,
    body: createSandboxSchema.parse({ name: "next", spec }),
  });
  await expect.poll(() => kube.peek(SANDBOX, { namespace: "ns", name: "next" })).toBeDefined();
  const { metadata } = kube.peek(SANDBOX, { namespace: "ns", name: "next" }) ?? aSandbox();
  claims.show(claimOf({ metadata }));
  await expect(creation).resolves.toMatchObject({ id: "next", spec });
});

it("leaves it to the operator who of several that want a name gets it", async () => {
  const spec = { app: "shop", name: "cart" };
  sandboxes.store.replaceAll([kube.put(SANDBOX, aSandbox({ name: "rival", spec }))]);
  const { wait: _, ...query } = creating("started").query;
  const body = createSandboxSchema.parse({ name: "next", spec });
  const creation = handlers.createSandbox({ ...creating("started"), query, body });
  await expect.poll(() => kube.peek(SANDBOX, { namespace: "ns", name: "next" })).toBeDefined();
  const { metadata } = kube.peek(SANDBOX, { namespace: "ns", name: "next" }) ?? aSandbox();
  claims.show(claimOf({ metadata }));
  await expect(creation).resolves.toMatchObject({ id: "next" });
});
