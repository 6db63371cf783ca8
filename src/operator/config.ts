import { z } from "zod";
import { cidr } from "../api/schema/network.ts";
import type { ClusterNetwork } from "./sandbox/network-policy.ts";

const list = z
  .string()
  .default("")
  .transform((text) =>
    text
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== ""),
  )
  .pipe(z.array(cidr));

const schema = z.object({ SANDKEEP_CLUSTER_CIDRS: list, SANDKEEP_DNS_CIDRS: list });

/** The cluster's own ranges, comma-separated in `SANDKEEP_CLUSTER_CIDRS` and `SANDKEEP_DNS_CIDRS`; throws on a bad one. */
export function readClusterNetwork(environment: NodeJS.ProcessEnv): ClusterNetwork {
  const parsed = schema.safeParse(environment);
  if (!parsed.success) throw new Error(`Cannot read the configuration: ${z.prettifyError(parsed.error)}`);
  return { clusterCidrs: parsed.data.SANDKEEP_CLUSTER_CIDRS, dnsCidrs: parsed.data.SANDKEEP_DNS_CIDRS };
}
