import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LABELS } from "../../../../src/api/constants.ts";
import { SANDBOX } from "../../../../src/api/sandbox.ts";
import { NETWORK_POLICY, NODE, POD } from "../../../../src/kube/objects.ts";
import { policyController } from "../../../../src/operator/network/controller.ts";
import { networkLabel } from "../../../../src/operator/network/policy.ts";
import { networkRule } from "../../../../src/operator/network/rule.ts";
import { keepUnused } from "../../../../src/operator/network/upkeep.ts";
import { mostUnused } from "../../../../src/operator/network/unused.ts";
import { worldOf } from "../../../../src/operator/world.ts";
import { MemoryKube } from "../../../support/memory-kube.ts";
import { silentLog } from "../../../support/silent-log.ts";
import { aPod, aSandbox, facts, settings } from "../builders.ts";

const label = networkLabel(networkRule());
const allowed = { namespace: "n", name: `sandkeep-allow-${label}` };
const denied = { namespace: "n", name: "sandkeep-deny-all" };

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Runs the controller over what is stored for so long. */
async function run(kube: MemoryKube, milliseconds: number): Promise<void> {
  const world = worldOf(kube, silentLog, { release: "sandkeep-system", tellsServices: false });
  const controller = policyController({
    kube,
    world,
    recorder: { record: () => {} },
    settings,
    facts: () => facts,
    log: silentLog,
  });
  const stopping = new AbortController();
  const running = [
    ...Object.values(world).map((reflector) => reflector.run(stopping.signal)),
    controller.run(stopping.signal),
  ];
  await vi.advanceTimersByTimeAsync(milliseconds);
  stopping.abort();
  await vi.advanceTimersByTimeAsync(1000);
  await Promise.allSettled(running);
}

test("policies of sandboxes that are missing or changed are put right", async () => {
  const kube = new MemoryKube();
  kube.put(SANDBOX, aSandbox());
  kube.put(POD, aPod({ metadata: { labels: { [LABELS.sandbox]: "s", [LABELS.network]: label } } }));
  kube.put(NODE, { metadata: { name: "a" } });
  await run(kube, 5000);
  expect(kube.peek(NETWORK_POLICY, denied)?.spec).toBeDefined();
  expect(kube.peek(NETWORK_POLICY, allowed)?.spec?.policyTypes).toEqual(["Ingress", "Egress"]);
});

test("policies without sandboxes are taken away after a while, and others' never", async () => {
  const kube = new MemoryKube();
  const others = { namespace: "n", name: "theirs" };
  for (const metadata of [denied, allowed, others]) kube.put(NETWORK_POLICY, { metadata: { ...metadata, uid: "u" } });
  await run(kube, keepUnused / 2);
  expect(kube.peek(NETWORK_POLICY, allowed)).toBeDefined();
  await run(kube, keepUnused + 5000);
  expect(kube.peek(NETWORK_POLICY, allowed)).toBeUndefined();
  expect(kube.peek(NETWORK_POLICY, denied)).toBeUndefined();
  expect(kube.peek(NETWORK_POLICY, others)).toBeDefined();
});

test("of too many policies without sandboxes in a namespace only some are kept for the next ones", async () => {
  const kube = new MemoryKube();
  const names = Array.from({ length: mostUnused + 8 }, (_, i) => `sandkeep-allow-${i}`);
  for (const name of names) kube.put(NETWORK_POLICY, { metadata: { namespace: "n", name, uid: name } });
  kube.put(NETWORK_POLICY, { metadata: { ...allowed, namespace: "m", uid: "u" } });
  await run(kube, 5000);
  const left = names.filter((name) => kube.peek(NETWORK_POLICY, { namespace: "n", name }) !== undefined);
  expect(left).toHaveLength(mostUnused);
  expect(kube.peek(NETWORK_POLICY, { ...allowed, namespace: "m" })).toBeDefined();
});
