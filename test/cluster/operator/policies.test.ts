import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NETWORK_POLICY, type NetworkPolicy } from "../../../src/kube/objects.ts";
import { waitFor } from "../../support/wait-for.ts";
import { operatorWorld, type OperatorWorld, small, untilToldTo } from "./world.ts";

let world: OperatorWorld;
let wanted: Map<string, Spec | undefined>;
beforeAll(async () => {
  world = await operatorWorld();
  await world.create("confined", { ...small, command: untilToldTo(0) });
  await world.reaches("confined", "Started");
  wanted = await policies();
});
afterAll(() => world[Symbol.asyncDispose]());

type Spec = NonNullable<NetworkPolicy["spec"]>;

async function policies(): Promise<Map<string, Spec | undefined>> {
  const { items } = await world.kube.list(NETWORK_POLICY, { namespace: world.namespace });
  return new Map(items.map(({ metadata, spec }) => [metadata.name, spec]));
}

/** All that others may add: rules in either direction, also to a policy that has none, and a port of a rule that is there. */
const additions: [what: string, add: (spec: Spec) => Partial<Spec>][] = [
  ["a way out to everywhere", ({ egress = [] }) => ({ egress: [...egress, {}] })],
  ["a way in from everywhere", ({ ingress = [] }) => ({ ingress: [...ingress, {}] })],
  ["other sandboxes", () => ({ podSelector: { matchLabels: { any: "thing" } } })],
];

test.each(additions)("%s, added to policies by somebody else, is taken back at once", async (_, add) => {
  expect([...wanted.keys()].toSorted()).toEqual([expect.stringMatching(/^sandkeep-allow-/), "sandkeep-deny-all"]);
  for (const [name, spec] of wanted) {
    const place = { namespace: world.namespace, name };
    const patch = { spec: add(spec ?? {}) };
    const changed = performance.now();
    const { metadata } = await world.kube.mergePatch(NETWORK_POLICY, place, patch, { fieldManager: "somebody" });
    await waitFor("it to be taken back", async () => {
      const now = await world.kube.get(NETWORK_POLICY, place);
      return now.metadata.generation !== metadata.generation && isDeepStrictEqual(now.spec, spec);
    });
    expect(performance.now() - changed).toBeLessThan(5000);
  }
});

test("to take them back costs two writes of each policy, and no more later", async () => {
  await world.execute("confined", "touch", "/tmp/go");
  await world.reaches("confined", "Finished");
  const written = world.writes.filter((write) => write.endsWith(" networkpolicies"));
  // What was applied at first, and then an apply, which cannot take away what is others', and a replacement for each.
  expect(written.length).toBeLessThanOrEqual(wanted.size + 2 * additions.length * wanted.size);
  expect(await policies()).toEqual(wanted);
});
