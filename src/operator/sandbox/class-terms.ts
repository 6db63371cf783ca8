import { z } from "zod";
import type { SandboxClassSpec } from "../../api/sandbox-class.ts";
import type { Pod } from "../../kube/objects.ts";
import { annotations } from "../names.ts";
import type { Observed } from "./observed.ts";

const schema = z.object({
  pullSeconds: z.number(),
  scheduleSeconds: z.number(),
  allowedPrivateCidrs: z.array(z.string()),
});

/** What a class goes on deciding once there is a Pod. */
export type ClassTerms = z.infer<typeof schema>;

/** The terms of the sandbox's Pod, which keeps those of its class as it was when the Pod was made; before that, the class's. */
export function termsFor({ pod, sandboxClass }: Pick<Observed, "pod" | "sandboxClass">): ClassTerms | undefined {
  return (pod && keptTerms(pod)) ?? (sandboxClass && termsOf(sandboxClass.spec));
}

/** What says on a Pod on which terms it was made. */
export function termAnnotations(sandboxClass: SandboxClassSpec): Record<string, string> {
  return { [annotations.classTerms]: JSON.stringify(termsOf(sandboxClass)) };
}

function termsOf({ limits, network = {} }: SandboxClassSpec): ClassTerms {
  return { ...limits, allowedPrivateCidrs: network.allowedPrivateCidrs ?? [] };
}

function keptTerms({ metadata }: Pod): ClassTerms | undefined {
  try {
    return schema.parse(JSON.parse(metadata.annotations?.[annotations.classTerms] ?? ""));
  } catch {
    // Somebody has changed the annotation: the class says what holds.
    return undefined;
  }
}
