import { z } from "zod";
import { cidr } from "../api/schema/network.ts";
import type { NetworkSettings } from "./network/settings.ts";

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

/** What `SANDKEEP_CLUSTER_CIDRS` and `SANDKEEP_DNS_CIDRS` say, comma-separated; throws on a bad range. */
export function readNetworkSettings(environment: NodeJS.ProcessEnv, namespace: string): NetworkSettings {
  const parsed = schema.safeParse(environment);
  if (!parsed.success) throw new Error(`Cannot read the configuration: ${z.prettifyError(parsed.error)}`);
  return { clusterCidrs: parsed.data.SANDKEEP_CLUSTER_CIDRS, dnsCidrs: parsed.data.SANDKEEP_DNS_CIDRS, namespace };
}
