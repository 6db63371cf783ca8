import { z } from "zod";
import { POD_ANNOTATIONS } from "../../api/constants.ts";
import { classTunnelsSchema } from "../../api/schema/class-tunnels.ts";
import type { SandboxClassSpec } from "../../api/sandbox-class.ts";
import type { Pod } from "../../kube/objects.ts";
import type { ClusterFacts } from "../facts.ts";
import { resolvesThere } from "../network/egress.ts";
import type { Observed } from "./observed.ts";

const schema = z.object({
  pullSeconds: z.number(),
  scheduleSeconds: z.number(),
  allowedPrivateCidrs: z.array(z.string()),
  /** Whether the Pod resolves names through the egress part. */
  domains: z.boolean().default(false),
  /** How its ports are reached in mode Ingress; absent in mode Gateway, of which the gateway knows. */
  tunnels: classTunnelsSchema.exactOptional(),
});

/** What a class goes on deciding once there is a Pod. */
export type ClassTerms = z.output<typeof schema>;

/** The terms of the sandbox's Pod, which keeps those of its class as it was when the Pod was made; before that, the class's. */
export function classTermsFor({
  pod,
  sandboxClass,
  facts,
}: Pick<Observed, "pod" | "sandboxClass" | "facts">): ClassTerms | undefined {
  return (pod && keptClassTerms(pod)) ?? (sandboxClass && classTermsOf(sandboxClass.spec, facts));
}

/** What says on a Pod on which terms it was made. */
export function classTermAnnotations(
  sandboxClass: SandboxClassSpec,
  facts: Pick<ClusterFacts, "egress">,
): Record<string, string> {
  return { [POD_ANNOTATIONS.classTerms]: JSON.stringify(classTermsOf(sandboxClass, facts)) };
}

function classTermsOf(sandboxClass: SandboxClassSpec, { egress }: Pick<ClusterFacts, "egress">): ClassTerms {
  const { limits, network = {}, tunnels } = sandboxClass;
  return {
    ...limits,
    allowedPrivateCidrs: network.allowedPrivateCidrs ?? [],
    domains: resolvesThere(sandboxClass, egress),
    ...(tunnels?.mode === "Ingress" && { tunnels }),
  };
}

function keptClassTerms({ metadata }: Pod): ClassTerms | undefined {
  try {
    return schema.parse(JSON.parse(metadata.annotations?.[POD_ANNOTATIONS.classTerms] ?? ""));
  } catch {
    // Somebody has changed the annotation: the class says what holds.
    return undefined;
  }
}
