import { type GpuChoice, gpuChoices } from "../../api/class/gpus.ts";
import type { SandboxClassSpec } from "../../api/sandbox-class.ts";
import type { SandboxSpec } from "../../api/sandbox.ts";

/** Choices of GPU that one Pod can leave to the scheduler: the same number of the same resource. */
export interface GpuPool {
  resourceName: string;
  count: number;
  choices: GpuChoice[];
}

/**
 * The GPUs that the sandbox's Pod asks for. A Pod asks for one amount of one resource, so where the choices differ in that,
 * the first pool counts that `isOffered`, and without any the first.
 */
export function gpuPoolFor(
  { gpu }: SandboxSpec,
  { gpus }: SandboxClassSpec,
  isOffered: (pool: GpuPool) => boolean,
): GpuPool | undefined {
  const pools = poolsOf(gpuChoices(gpu, gpus).choices);
  return pools.length === 1 ? pools[0] : (pools.find(isOffered) ?? pools[0]);
}

function poolsOf(choices: GpuChoice[]): GpuPool[] {
  const byAmount = Map.groupBy(choices, ({ kind, count }) => `${kind.resourceName}:${count}`);
  return [...byAmount.values()].flatMap((members) =>
    members.slice(0, 1).map(({ kind, count }) => ({ resourceName: kind.resourceName, count, choices: members })),
  );
}
