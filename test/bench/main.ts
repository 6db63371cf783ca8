import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { clusterCommand } from "../support/cluster.ts";
import { installInto } from "../support/installed.ts";
import { measureAgent } from "./agent.ts";
import { openBench, type Bench } from "./bench.ts";
import { measureRun } from "./command-line.ts";
import { measureCopy } from "./copy.ts";
import { measureCreate, measureCrowd } from "./create.ts";
import { measureDelete } from "./delete.ts";
import { measureEgress } from "./egress.ts";
import { measureEnds } from "./ends.ts";
import { measureExec } from "./exec.ts";
import { figureNames, groups, percentile, type Figures, type Group } from "./figures.ts";
import { measureFiles } from "./files.ts";
import { measureLife } from "./life.ts";
import { measureList } from "./list.ts";
import { measurePolicies } from "./policies.ts";
import { measureRate } from "./rate.ts";
import { measureRuleChange } from "./rule-change.ts";
import { measureTransfer } from "./transfer.ts";
import { measureSdk } from "./sdk.ts";
import { measureTunnel } from "./tunnel.ts";
import { json, passes, table } from "./report.ts";

const cluster = "bench";

/** What to measure, and where the figures go as JSON. Ends the process where the arguments are wrong. */
function parsed(): { names: string[]; file: string | undefined } {
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "string" } } });
    return { names: chosen(positionals), file: values.json };
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    return process.exit(2);
  }
}

/** All figures, or those that an argument names in full or by its beginning. */
function chosen(wanted: string[]): string[] {
  const unknown = wanted.find((want) => !figureNames.some((name) => matches(name, want)));
  if (unknown !== undefined) throw new Error(`no figure "${unknown}"; there are ${figureNames.join(", ")}`);
  return wanted.length === 0
    ? [...figureNames]
    : figureNames.filter((name) => wanted.some((want) => matches(name, want)));
}

function matches(name: string, want: string): boolean {
  return name === want || name.startsWith(`${want}.`);
}

async function measure(wanted: string[]): Promise<Figures> {
  await clusterCommand("down", "--name", cluster);
  const start = performance.now();
  await clusterCommand("up", "--name", cluster);
  const figures: Figures = { "cluster.up": performance.now() - start };
  try {
    const rest = (Object.keys(measures) as Measured[]).filter((group) =>
      Object.keys(groups[group]).some((name) => wanted.includes(name)),
    );
    if (rest.length > 0) {
      progress("installing Sandkeep");
      await using bench = await openBench(await installInto(cluster));
      for (const group of rest) {
        progress(`measuring ${Object.keys(groups[group]).join(", ")}`);
        Object.assign(figures, await measures[group](bench));
      }
    }
    return figures;
  } finally {
    await clusterCommand("down", "--name", cluster);
  }
}

type Measured = Exclude<Group, "cluster">;

const measures: Record<Measured, (bench: Bench) => Promise<Figures>> = {
  exec: async (bench) => {
    const { link, raw, glibc } = await measureExec(bench, "default");
    return {
      "exec.link.p50": percentile(link, 50),
      "exec.link.p99": percentile(link, 99),
      "exec.raw.p50": percentile(raw, 50),
      "exec.glibc.p50": percentile(glibc, 50),
    };
  },
  gvisor: async (bench) => {
    const { link, raw, glibc } = await measureExec(bench, "gvisor");
    return {
      "exec.gvisor.link.p50": percentile(link, 50),
      "exec.gvisor.raw.p50": percentile(raw, 50),
      "exec.gvisor.glibc.p50": percentile(glibc, 50),
    };
  },
  rate: async (bench) => ({
    "exec.rate.one": await measureRate(bench, 1),
    "exec.rate.fifty": await measureRate(bench, 50),
  }),
  files: async (bench) => {
    const { read, write, watch } = await measureFiles(bench);
    return {
      "file.read.p50": percentile(read, 50),
      "file.write.p50": percentile(write, 50),
      "watch.p50": percentile(watch, 50),
    };
  },
  transfer: async (bench) => {
    const { rates, gatewayMemory, commands } = await measureTransfer(bench);
    return {
      "file.down.rate": percentile(rates["file.down"], 50),
      "file.up.rate": percentile(rates["file.up"], 50),
      "raw.down.rate": percentile(rates["raw.down"], 50),
      "raw.up.rate": percentile(rates["raw.up"], 50),
      "file.up.exec.p50": percentile(commands, 50),
      "gateway.rss.peak": gatewayMemory,
    };
  },
  agent: async (bench) => {
    const { memory, size, start } = await measureAgent(bench);
    return { "agent.rss": memory, "agent.size": size, "agent.start": percentile(start, 50) };
  },
  create: async (bench) => {
    const { sandbox, pod, confined } = await measureCreate(bench);
    return {
      "create.sandbox.p50": percentile(sandbox, 50),
      "create.pod.p50": percentile(pod, 50),
      "create.confined.p50": percentile(confined, 50),
    };
  },
  crowd: async (bench) => {
    const { sandbox, pod, confined } = await measureCrowd(bench);
    return {
      "create.sandbox.20.p50": percentile(sandbox, 50),
      "create.pod.20.p50": percentile(pod, 50),
      "create.confined.20.p50": percentile(confined, 50),
    };
  },
  tunnel: async (bench) => {
    const { rates, requests, idle } = await measureTunnel(bench);
    return {
      "tunnel.rate": percentile(rates.tunnel, 50),
      "tunnel.haproxy.rate": percentile(rates.haproxy, 50),
      "tunnel.added.p50": percentile(requests.tunnel, 50) - percentile(requests.direct, 50),
      "tunnel.idle.rss": idle,
    };
  },
  egress: async (bench) => {
    const { egress, haproxy } = await measureEgress(bench);
    return { "egress.rate": percentile(egress, 50), "egress.haproxy.rate": percentile(haproxy, 50) };
  },
  delete: async (bench) => ({ "delete.500": await measureDelete(bench) }),
  ends: async (bench) => {
    const { terminate, ready } = await measureEnds(bench);
    return { "terminate.p50": percentile(terminate, 50), "ready.lag.p50": percentile(ready, 50) };
  },
  life: async (bench) => {
    const { writes, restWrites, reconciles } = await measureLife(bench);
    return {
      "life.writes": percentile(writes, 50),
      "life.writes.rest": percentile(restWrites, 50),
      "life.reconciles": percentile(reconciles, 50),
    };
  },
  list: async (bench) => ({ "list.p50": percentile(await measureList(bench), 50) }),
  run: async (bench) => {
    const { sdk, cli } = await measureRun(bench);
    return { "sdk.run": percentile(sdk, 50), "cli.run": percentile(cli, 50) };
  },
  copy: async (bench) => {
    const { small, kubectlSmall, large, kubectlLarge } = await measureCopy(bench);
    return {
      "cp.small": percentile(small, 50),
      "kubectl.cp.small": percentile(kubectlSmall, 50),
      "cp.large": percentile(large, 50),
      "kubectl.cp.large": percentile(kubectlLarge, 50),
    };
  },
  rule: async (bench) => ({ "rule.change.p50": percentile(await measureRuleChange(bench), 50) }),
  sdk: async (bench) => {
    const { exec, link, imported, kilobytes } = await measureSdk(bench);
    return {
      "sdk.exec.p50": percentile(exec, 50),
      "sdk.link.p50": percentile(link, 50),
      "sdk.import": percentile(imported, 50),
      "sdk.size": kilobytes,
    };
  },
  // The last one: it leaves 10,000 sandboxes behind.
  policies: async (bench) => ({ "policies.for10000": await measurePolicies(bench) }),
};

function progress(text: string): void {
  console.error(`bench: ${text}`);
}

const { names, file } = parsed();
const figures = await measure(names);
console.log(table(names, figures));
if (file !== undefined) await writeFile(file, json(names, figures));
process.exitCode = names.every((name) => passes(name, figures)) ? 0 : 1;
