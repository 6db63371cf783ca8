import { LABELS } from "../../src/api/constants.ts";
import type { Network } from "../../src/api/schema/network.ts";
import { SANDBOX, sandboxSchema } from "../../src/api/sandbox.ts";
import type { Kube } from "../../src/kube/client.ts";
import { NETWORK_POLICY, type Pod, POD } from "../../src/kube/objects.ts";
import { Reflector } from "../../src/runtime/reflector.ts";
import { kubectl } from "../support/installed.ts";
import { waitFor } from "../support/wait-for.ts";
import type { Bench } from "./bench.ts";
import { each } from "./each.ts";

const sandboxes = 10_000;
const namespace = "bench-policies";

/** Five rules, two of them written in two ways. */
const networks: Network[] = [
  {},
  { outbound: { cidrs: [] } },
  { outbound: { cidrs: ["1.0.0.0/8"] } },
  { outbound: { cidrs: ["1.2.3.4/8"] } },
  { outbound: { cidrs: ["1.0.0.0/8", "2.0.0.0/8"] } },
  { outbound: { cidrs: ["2.0.0.0/8", "1.0.0.0/8"] } },
  { outbound: { cidrs: ["10.0.0.0/8"] } },
];

/**
 * How many NetworkPolicies 10,000 sandboxes of one namespace with five rules come to. API server and operator do all that they
 * do for any; only their Pods are such that no node takes them. They are left to the end of the cluster: to take them away
 * would take longer than to make them.
 */
export async function measurePolicies({ kube, installed }: Bench): Promise<number> {
  const asked = new Map<string, Network | undefined>(
    Array.from({ length: sandboxes }, (_, index) => [`ruled-${index}`, networks[index % networks.length]]),
  );
  await kubectl(installed, ["create", "namespace", namespace]);
  const made = podsMade(kube);
  await each([...asked.keys()], (name) => {
    const spec = { image: "busybox:stable", placement: { regions: ["nowhere"] }, network: asked.get(name) };
    return kube.create(SANDBOX, sandboxSchema.parse({ metadata: { name, namespace }, spec }));
  });
  await made;
  return (await kube.list(NETWORK_POLICY, { namespace })).items.length;
}

/** Resolves once each sandbox has a Pod; a list of thousands, again and again, would be most of what the API server does. */
async function podsMade(kube: Kube): Promise<void> {
  const pods = new Reflector<Pod>(kube, POD, { namespace, labelSelector: LABELS.sandbox, keep: named });
  const watching = new AbortController();
  const watched = pods.run(watching.signal);
  try {
    await waitFor("all to have Pods", () => pods.store.size === sandboxes, { seconds: 900 });
  } finally {
    watching.abort();
    await watched;
  }
}

function named({ metadata: { namespace = "", name, uid = "", resourceVersion = "" } }: Pod): Pod {
  return { metadata: { namespace, name, uid, resourceVersion } };
}
