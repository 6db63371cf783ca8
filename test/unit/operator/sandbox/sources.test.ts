import { expect, test, vi } from "vitest";
import type { SandboxApp } from "../../../../src/api/sandbox-app.ts";
import type { SandboxStatus } from "../../../../src/api/sandbox.ts";
import type { EndpointSlice } from "../../../../src/kube/objects.ts";
import { sourcesIn } from "../../../../src/operator/sandbox/sources.ts";
import { type World, worldOf } from "../../../../src/operator/world.ts";
import type { Change } from "../../../../src/runtime/store.ts";
import { MemoryKube } from "../../../support/memory-kube.ts";
import { silentLog } from "../../../support/silent-log.ts";
import { ago, aSandbox } from "../builders.ts";

function anApp(className?: string): SandboxApp {
  return { metadata: { namespace: "n", name: "default" }, spec: className === undefined ? {} : { className } };
}

const key = "n/default";

test.each<[what: string, change: Change<SandboxApp>, status: SandboxStatus | undefined, looks: boolean]>([
  ["when its app comes to name a class", { key, previous: anApp(), object: anApp("big") }, undefined, true],
  ["when its app comes and names one", { key, object: anApp("big") }, { phase: "Created" }, true],
  ["when its app goes that named one", { key, previous: anApp("big") }, undefined, true],
  [
    "not when its app changes in anything else",
    { key, previous: anApp("big"), object: anApp("big") },
    undefined,
    false,
  ],
  ["not once it has a node", { key, object: anApp("big") }, { phase: "Scheduled", scheduledAt: ago(1) }, false],
  ["not once it has finished", { key, object: anApp("big") }, { phase: "Finished" }, false],
])("a sandbox is looked at %s", (_, change, status, looks) => {
  const world = worldOf(new MemoryKube(), silentLog, { release: "sandkeep-system", tellsServices: false });
  vi.spyOn(world.sandboxes.store, "by").mockImplementation((index, value) =>
    index === "app" && value === key ? [aSandbox({}, status)] : [],
  );
  const subscribe = vi.spyOn(world.apps, "subscribe");
  const keys = keysFrom(world);
  for (const [handler] of subscribe.mock.calls) handler(change);
  expect(keys).toEqual(looks ? ["n/s"] : []);
});

/** The keys that sources ask to look at, from now on. */
function keysFrom(world: World): string[] {
  const keys: string[] = [];
  for (const source of sourcesIn(world)) {
    source.subscribe(
      (found) => keys.push(found),
      () => {},
    );
  }
  return keys;
}

const slice: EndpointSlice = { metadata: { namespace: "default", name: "kubernetes" }, addressType: "IPv4" };
const listening: EndpointSlice = { ...slice, endpoints: [{ addresses: ["192.0.2.1"] }], ports: [{ port: 6443 }] };

test.each<[what: string, change: Change<EndpointSlice>, status: SandboxStatus | undefined, looks: boolean]>([
  ["when an API server becomes known", { key: "k", previous: slice, object: listening }, undefined, true],
  ["not when its address stays", { key: "k", previous: listening, object: { ...listening } }, undefined, false],
  ["not once it has a node", { key: "k", object: listening }, { phase: "Scheduled", scheduledAt: ago(1) }, false],
])("a sandbox is looked at %s", (_, change, status, looks) => {
  const world = worldOf(new MemoryKube(), silentLog, { release: "sandkeep-system", tellsServices: false });
  vi.spyOn(world.sandboxes.store, "values").mockImplementation(() => [aSandbox({}, status)].values());
  const subscribe = vi.spyOn(world.apiServers, "subscribe");
  const keys = keysFrom(world);
  for (const [handler] of subscribe.mock.calls) handler(change);
  expect(keys).toEqual(looks ? ["n/s"] : []);
});

test("nothing is decided before the API servers are known", () => {
  const world = worldOf(new MemoryKube(), silentLog, { release: "sandkeep-system", tellsServices: false });
  expect(sourcesIn(world).map(({ ready }) => ready)).toContain(world.apiServers.store.ready);
});
