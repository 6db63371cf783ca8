import { LABELS } from "../../src/api/constants.ts";
import type { Network } from "../../src/api/schema/network.ts";
import { SANDBOX, sandboxSchema } from "../../src/api/sandbox.ts";
import { listAll } from "../../src/kube/list-all.ts";
import { NETWORK_POLICY, POD } from "../../src/kube/objects.ts";
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

/** How many NetworkPolicies 10,000 sandboxes of one namespace with five rules come to. No node takes them, so that they stay Pods. */
export async function measurePolicies({ kube, installed }: Bench): Promise<number> {
  const asked = new Map<string, Network | undefined>(
    Array.from({ length: sandboxes }, (_, index) => [`ruled-${index}`, networks[index % networks.length]]),
  );
  const names = [...asked.keys()];
  await kubectl(installed, ["create", "namespace", namespace]);
  try {
    await each(names, (name) => {
      const spec = { image: "busybox:stable", placement: { regions: ["nowhere"] }, network: asked.get(name) };
      return kube.create(SANDBOX, sandboxSchema.parse({ metadata: { name, namespace }, spec }));
    });
    const selection = { namespace, labelSelector: LABELS.sandbox };
    await waitFor("all to have Pods", async () => (await listAll(kube, POD, selection)).items.length === sandboxes, {
      seconds: 600,
    });
    return (await kube.list(NETWORK_POLICY, { namespace })).items.length;
  } finally {
    await each(names, (name) => kube.delete(SANDBOX, { namespace, name }));
    await kubectl(installed, ["delete", "namespace", namespace]);
  }
}
