import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { beforeEach, expect, it } from "vitest";
import { SandkeepError } from "../../../src/api/errors.ts";
import { createSandboxSchema } from "../../../src/api/sandbox-http.ts";
import { SANDBOX, type Sandbox } from "../../../src/api/sandbox.ts";
import { auditTo } from "../../../src/gateway/audit.ts";
import type { ClassCheck } from "../../../src/gateway/sandboxes/class-check.ts";
import { SandboxDirectory } from "../../../src/gateway/sandboxes/directory.ts";
import { sandboxHandlers } from "../../../src/gateway/sandboxes/handlers.ts";
import { sandboxMaker } from "../../../src/gateway/sandboxes/make.ts";
import { SandboxNames } from "../../../src/gateway/sandboxes/names.ts";
import type { Call } from "../../../src/gateway/server/bind.ts";
import { type Lease, SECRET } from "../../../src/kube/objects.ts";
import { MemoryKube, refused } from "../../support/memory-kube.ts";
import { silentLog } from "../../support/silent-log.ts";
import { aSandbox } from "./a-sandbox.ts";
import { stubSource, type StubSource } from "./stub-source.ts";

let kube: MemoryKube;
let sandboxes: StubSource<Sandbox, "namespace">;
let claims: StubSource<Lease, "claimant">;
let checkClass: ClassCheck;
let handlers: ReturnType<typeof sandboxHandlers>;

beforeEach(() => {
  kube = new MemoryKube();
  sandboxes = stubSource({ namespace: ({ metadata }) => [metadata.namespace ?? ""] });
  claims = stubSource({ claimant: ({ metadata }) => [metadata.ownerReferences?.[0]?.uid ?? ""] });
  const directory = new SandboxDirectory(sandboxes, kube);
  const names = new SandboxNames(claims, directory, kube);
  checkClass = async () => {};
  const make = sandboxMaker(directory, kube, {
    names,
    authorise: async () => {},
    audit: auditTo(silentLog, "hash"),
    checkClass: (...asked) => checkClass(...asked),
  });
  handlers = sandboxHandlers(directory, kube, {
    make,
    names,
    checkLife: async () => {},
    checkNetwork: async () => {},
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

/** A request without a wait, under a key. */
function keyed(key: string, body: object): Call<"createSandbox"> {
  const headers = { "idempotency-key": key };
  const request = { headers, socket: {} as Partial<Socket> as Socket } as Partial<IncomingMessage> as IncomingMessage;
  return { ...creating("started"), query: { timeoutSeconds: 300 }, body: createSandboxSchema.parse(body), request };
}

const login = { REGISTRY_USERNAME: "bWU=", REGISTRY_PASSWORD: "cA==" };

it.each<[what: string, body: object, change: () => void]>([
  [
    "its class allows less",
    {},
    () => {
      checkClass = () => Promise.reject(new SandkeepError("invalid_argument", "sandbox", "too much"));
    },
  ],
  [
    "the Secret of its image is gone",
    { imageSecret: "login", spec: { image: "r.example.com/a" } },
    () => {
      kube.objects.delete("secrets ns/login");
    },
  ],
  [
    "the namespace is full",
    {},
    () => {
      kube.onCall = (call) => {
        if (call.startsWith("create sandboxes")) throw refused(403, "Forbidden", SANDBOX, { name: "b" });
      };
    },
  ],
])("answers a retry under a key with what the first try made, also once %s", async (_, body, change) => {
  kube.put(SECRET, { metadata: { namespace: "ns", name: "login" }, data: login });
  const first = await handlers.createSandbox(keyed("k", body));
  change();
  expect(await handlers.createSandbox(keyed("k", body))).toMatchObject(first as object);
  await expect(handlers.createSandbox(keyed("other", body))).rejects.toThrow();
});

it("answers a retry under a key with what the first try made, also once that has ended and another has its name", async () => {
  const spec = { app: "shop", name: "cart" };
  sandboxes.store.replaceAll([]);
  const creation = handlers.createSandbox(keyed("k", { name: "first", spec }));
  await expect.poll(() => kube.peek(SANDBOX, { namespace: "ns", name: "first" })).toBeDefined();
  const made = kube.peek(SANDBOX, { namespace: "ns", name: "first" }) ?? aSandbox();
  claims.show(claimOf(made));
  await creation;
  sandboxes.show(kube.put(SANDBOX, { ...made, status: { phase: "Finished", reason: "Completed" } }));
  const next = kube.put(SANDBOX, aSandbox({ name: "next", uid: "next", spec }));
  sandboxes.show(next);
  claims.show(claimOf(next));
  await expect(handlers.createSandbox(keyed("k", { name: "first", spec }))).resolves.toMatchObject({ id: "first" });
  await expect(handlers.createSandbox(keyed("other", { spec }))).rejects.toMatchObject({ code: "already_exists" });
});
