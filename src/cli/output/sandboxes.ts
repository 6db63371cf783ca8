import type { SandboxInfo } from "../../sdk/sandbox/info.ts";
import { age } from "./units.ts";

const columns = ["ID", "APP", "NAME", "PHASE", "IMAGE", "EXIT", "AGE"] as const;
const moreColumns = ["REASON", "NODE", "TAGS", "COMMAND"] as const;

/** What the columns of a list are called. */
export function heading(wide: boolean): string[] {
  return wide ? [...columns, ...moreColumns] : [...columns];
}

/** One line of a list. */
export function row(info: SandboxInfo, wide: boolean, now: number): string[] {
  const cells = [
    info.sandboxId,
    info.app,
    info.name ?? "",
    info.phase,
    info.image ?? "",
    info.exitCode === undefined ? "" : String(info.exitCode),
    age(now - info.createdAt.getTime()),
  ];
  return wide
    ? [...cells, info.reason ?? "", info.nodeName ?? "", tagsText(info.tags), (info.command ?? []).join(" ")]
    : cells;
}

/** All that is known of a sandbox, a line for each. */
export function described(info: SandboxInfo): string[][] {
  const lines: [string, string | number | undefined][] = [
    ["ID", info.sandboxId],
    ["Namespace", info.namespace],
    ["App", info.app],
    ["Name", info.name],
    ["Tags", tagsText(info.tags)],
    ["Image", info.image],
    ["Command", info.command?.join(" ")],
    ["Phase", info.phase],
    ["Reason", info.reason],
    ["Message", info.message],
    ["Exit code", info.exitCode],
    ["Node", info.nodeName],
    ["Created", info.createdAt.toISOString()],
    ["Started", info.startedAt?.toISOString()],
    ["Ready", info.readyAt?.toISOString()],
    ["Finished", info.finishedAt?.toISOString()],
  ];
  return lines.flatMap(([name, value]) => (value === undefined || value === "" ? [] : [[`${name}:`, String(value)]]));
}

function tagsText(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
}
