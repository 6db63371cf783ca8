import { expect, test, vi } from "vitest";
import type { SandboxApp } from "../../../../src/api/sandbox-app.ts";
import type { SandboxStatus } from "../../../../src/api/sandbox.ts";
import { sourcesIn } from "../../../../src/operator/sandbox/sources.ts";
import { worldOf } from "../../../../src/operator/world.ts";
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
  const world = worldOf(new MemoryKube(), silentLog, "sandkeep-system");
  vi.spyOn(world.sandboxes.store, "by").mockImplementation((index, value) =>
    index === "app" && value === key ? [aSandbox({}, status)] : [],
  );
  const subscribe = vi.spyOn(world.apps, "subscribe");
  const keys: string[] = [];
  for (const source of sourcesIn(world)) {
    source.subscribe(
      (found) => keys.push(found),
      () => {},
    );
  }
  for (const [handler] of subscribe.mock.calls) handler(change);
  expect(keys).toEqual(looks ? ["n/s"] : []);
});
