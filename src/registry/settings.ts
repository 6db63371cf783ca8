import { z } from "zod";
import { cidr } from "../api/schema/network.ts";
import type { RegistryOptions } from "./visit.ts";

const host = z.string().min(1).toLowerCase();
const mirror = z.url({ protocol: /^https?$/ }).refine((url) => URL.parse(url)?.pathname === "/", "must have no path");

const registries = z.strictObject({
  allowed: z.array(host).default(["*"]),
  private: z.array(host).default([]),
  mirrors: z.record(host, mirror).default({}),
});

const schema = z.object({
  SANDKEEP_REGISTRIES: z
    .string()
    .default("{}")
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue("must be JSON");
        return z.NEVER;
      }
    })
    .pipe(registries),
  SANDKEEP_CLUSTER_CIDRS: z
    .string()
    .default("")
    .transform((text) => text.split(",").filter((item) => item !== ""))
    .pipe(z.array(cidr)),
});

/** Which registries may be asked, from `SANDKEEP_REGISTRIES` and `SANDKEEP_CLUSTER_CIDRS`; throws where one is wrong. */
export function readRegistries(environment: NodeJS.ProcessEnv): RegistryOptions {
  const parsed = schema.safeParse(environment);
  if (!parsed.success) throw new Error(`Cannot read the configuration: ${z.prettifyError(parsed.error)}`);
  return { ...parsed.data.SANDKEEP_REGISTRIES, clusterCidrs: parsed.data.SANDKEEP_CLUSTER_CIDRS };
}
