import { readdir, readFile, writeFile } from "node:fs/promises";
import { kubectl } from "../support/installed.ts";
import type { Bench } from "./bench.ts";

const system = "sandkeep-system";

/** How many MiB more memory any replica of a component took at its peak, while the task ran, than right before it. */
export async function peakMemory(bench: Bench, component: string, task: () => Promise<void>): Promise<number> {
  const pids = await processesOfComponent(bench, component);
  const before = new Map<string, number>();
  for (const pid of pids) {
    before.set(pid, await memory(pid, "VmRSS"));
    // Linux: the peak is what is in use now.
    await writeFile(`/proc/${pid}/clear_refs`, "5");
  }
  await task();
  const grown = pids.map(async (pid) => (await memory(pid, "VmHWM")) - (before.get(pid) ?? 0));
  return Math.max(...(await Promise.all(grown)));
}

/** MiB of memory that all replicas of a component take. */
export async function memoryOf(bench: Bench, component: string): Promise<number> {
  const pids = await processesOfComponent(bench, component);
  const taken = await Promise.all(pids.map((pid) => memory(pid, "VmRSS")));
  return taken.reduce((sum, one) => sum + one, 0);
}

/** MiB of memory that the agent of a sandbox takes. */
export async function agentMemory(podUid: string): Promise<number> {
  for (const pid of await processesOf(podUid))
    if ((await readFile(`/proc/${pid}/cmdline`, "utf8")).startsWith("/.sandkeep/bin/agent\0init"))
      return memory(pid, "VmRSS");
  throw new Error(`No agent runs in the Pod ${podUid} on this machine`);
}

async function processesOfComponent({ installed }: Bench, component: string): Promise<string[]> {
  const selector = `app.kubernetes.io/component=${component}`;
  const pods = ["-n", system, "get", "pods", "-l", selector, "-o", "jsonpath={.items[*].metadata.uid}"];
  const pids = (await Promise.all((await kubectl(installed, pods)).split(" ").map(processesOf))).flat();
  if (pids.length === 0) throw new Error(`No process of the ${component} runs on this machine`);
  return pids;
}

/** Processes in a Pod's containers, which run on this machine in a local cluster, but for those that hold its namespaces. */
async function processesOf(podUid: string): Promise<string[]> {
  const pids: string[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    // Processes end while one looks at them.
    const [groups, command] = await Promise.all(
      ["cgroup", "cmdline"].map((file) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "")),
    );
    if (groups?.includes(podUid) && !command?.startsWith("/pause")) pids.push(pid);
  }
  return pids;
}

async function memory(pid: string, field: "VmRSS" | "VmHWM"): Promise<number> {
  const [, kibibytes] =
    new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
  if (kibibytes === undefined) throw new Error(`Cannot read ${field} of process ${pid}`);
  return Number(kibibytes) / 1024;
}
