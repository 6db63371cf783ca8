import { ConflictError, NotFoundError, UnavailableError } from "../../sdk/errors.ts";
import type { Sandbox } from "../../sdk/sandbox/sandbox.ts";
import type { SandboxUsage } from "../../sdk/sandbox/usage.ts";
import { octets } from "./units.ts";

export type Usage = SandboxUsage & { sandboxId: string };

export const usageHeading = ["ID", "CPU", "MEMORY", "DISK", "PROCESSES"];

/** What these sandboxes use now; those that have just ended are left out. */
export async function usageOf(sandboxes: readonly Sandbox[]): Promise<Usage[]> {
  const all = await Promise.all(
    sandboxes.map(async (sandbox) => {
      try {
        return [{ sandboxId: sandbox.sandboxId, ...(await sandbox.usage()) }];
      } catch (error) {
        if (error instanceof ConflictError || error instanceof NotFoundError || error instanceof UnavailableError)
          return [];
        throw error;
      }
    }),
  );
  return all.flat();
}

/** A line of the table; the rate of the processor is since `before`. */
export function usageRow(usage: Usage, before: Usage | undefined): string[] {
  const { sandboxId, cpu, memory, disk, processes } = usage;
  return [
    sandboxId,
    `${coresText(coresSince(usage, before))}${limited(cpu.limitCores, coresText)}`,
    `${octetsText(memory.workingSetBytes ?? memory.usedBytes)}${limited(memory.limitBytes, octetsText)}`,
    `${octetsText(disk.usedBytes)}${limited(disk.totalBytes, octetsText)}`,
    String(processes.running ?? "?"),
  ];
}

function coresSince(usage: Usage, before: Usage | undefined): number | undefined {
  const [used, usedBefore] = [usage.cpu.usedSeconds, before?.cpu.usedSeconds];
  if (before === undefined || used === undefined || usedBefore === undefined) return undefined;
  const seconds = (Date.parse(usage.measuredAt) - Date.parse(before.measuredAt)) / 1000;
  return seconds > 0 ? Math.max(0, (used - usedBefore) / seconds) : undefined;
}

function coresText(cores: number | undefined): string {
  return cores === undefined ? "?" : `${Math.round(cores * 1000)}m`;
}

function octetsText(count: number | undefined): string {
  return count === undefined ? "?" : octets(count);
}

function limited(limit: number | null | undefined, text: (value: number) => string): string {
  return limit === null || limit === undefined ? "" : ` / ${text(limit)}`;
}
