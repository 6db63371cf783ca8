export type Unit = "ms" | "×" | "/s" | "kB" | "MiB" | "KiB" | "MB" | "MiB/s";

/** What a figure has to stay within: at most, or at least. */
export interface Limit {
  text: string;
  most?: number;
  least?: number;
}

interface Figure {
  unit: Unit;
  /** Given the figures of the same run; missing for what others are compared with. */
  limit?: (figures: Figures) => Limit;
}

const milliseconds: Figure = { unit: "ms" };
const octetRate: Figure = { unit: "MiB/s" };

/** All figures; those of one group are measured together, so that a comparison has one run. */
export const groups = {
  cluster: { "cluster.up": below(6000) },
  exec: {
    "exec.link.p50": {
      unit: "ms",
      limit: (figures) => {
        const raw = figures["exec.raw.p50"] ?? Infinity;
        return { text: "< 2.5 ms, and 15 times faster than raw", most: Math.min(2.5, raw / 15) };
      },
    },
    "exec.link.p99": below(6),
    "exec.raw.p50": milliseconds,
    "exec.glibc.p50": milliseconds,
  },
  gvisor: {
    "exec.gvisor.link.p50": below(8),
    "exec.gvisor.raw.p50": milliseconds,
    "exec.gvisor.glibc.p50": milliseconds,
  },
  rate: { "exec.rate.one": atLeast(1000), "exec.rate.fifty": atLeast(1000) },
  files: { "file.read.p50": below(1.8), "file.write.p50": below(1.8), "watch.p50": below(10) },
  transfer: {
    "file.down.rate": shareOf("raw.down.rate"),
    "file.up.rate": shareOf("raw.up.rate"),
    "raw.down.rate": octetRate,
    "raw.up.rate": octetRate,
    "file.up.exec.p50": milliseconds,
    "gateway.rss.peak": below(64, "MiB"),
  },
  agent: { "agent.rss": below(10, "MiB"), "agent.size": below(8, "MB"), "agent.start": below(5) },
  create: {
    "create.sandbox.p50": barelyAbove("create.pod.p50"),
    "create.pod.p50": milliseconds,
    "create.confined.p50": milliseconds,
  },
  crowd: {
    "create.sandbox.20.p50": barelyAbove("create.pod.20.p50"),
    "create.pod.20.p50": milliseconds,
    "create.confined.20.p50": milliseconds,
  },
  delete: { "delete.500": below(4000) },
  // A port opens between two attempts, half the default interval before the next on average.
  ends: { "terminate.p50": below(300), "ready.lag.p50": below(50 + 60) },
  life: { "life.writes": atMost(6), "life.writes.rest": atMost(0), "life.reconciles": atMost(10) },
  list: { "list.p50": below(10) },
  run: {
    "sdk.run": milliseconds,
    "cli.run": {
      unit: "ms",
      limit: (figures) => {
        const most = 150 + (figures["sdk.run"] ?? -Infinity);
        return { text: `sdk.run + 150 = ${most.toFixed(1)} ms`, most };
      },
    },
  },
  copy: {
    "cp.small": {
      unit: "ms",
      limit: (figures) => {
        const most = (figures["kubectl.cp.small"] ?? -Infinity) / 5;
        return { text: `kubectl.cp.small / 5 = ${most.toFixed(0)} ms`, most };
      },
    },
    "kubectl.cp.small": milliseconds,
    "cp.large": {
      unit: "ms",
      limit: (figures) => {
        const most = figures["kubectl.cp.large"] ?? -Infinity;
        return { text: `kubectl.cp.large = ${most.toFixed(0)} ms`, most };
      },
    },
    "kubectl.cp.large": milliseconds,
  },
  rule: { "rule.change.p50": below(1000) },
  tunnel: {
    "tunnel.rate": shareOf("tunnel.haproxy.rate", 0.6),
    "tunnel.haproxy.rate": octetRate,
    "tunnel.added.p50": below(1),
    "tunnel.idle.rss": below(64, "KiB"),
  },
  policies: { "policies.for10000": atMost(5 + 1) },
  egress: { "egress.rate": shareOf("egress.haproxy.rate", 0.6), "egress.haproxy.rate": octetRate },
  sdk: {
    "sdk.exec.p50": below(4),
    "sdk.link.p50": milliseconds,
    "sdk.import": below(30),
    "sdk.size": below(60, "kB"),
  },
} as const satisfies Record<string, Record<string, Figure>>;

export type Group = keyof typeof groups;

/** Values by the name of the figure, in its unit. */
export type Figures = Record<string, number>;

const byName: ReadonlyMap<string, Figure> = new Map(Object.values(groups).flatMap((group) => Object.entries(group)));

/** Names of all figures, in the order in which they are measured. */
export const figureNames: readonly string[] = [...byName.keys()];

export function unitOf(name: string): Unit {
  return byName.get(name)?.unit ?? "ms";
}

/** What a figure has to stay within, given those of the same run; `undefined` for what others are compared with. */
export function limitOf(name: string, figures: Figures): Limit | undefined {
  return byName.get(name)?.limit?.(figures);
}

/** The p-th percentile of samples by nearest rank. */
export function percentile(samples: number[], p: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)];
  if (value === undefined) throw new Error("Cannot take a percentile of no samples");
  return value;
}

function below(most: number, unit: Unit = "ms"): Figure {
  return { unit, limit: () => ({ text: `< ${most} ${unit}`, most }) };
}

/** What has to be reached of the rate of something else. */
function shareOf(raw: string, share = 0.7): Figure {
  return {
    unit: "MiB/s",
    limit: (figures) => {
      const least = share * (figures[raw] ?? Infinity);
      return { text: `≥ ${share} × ${raw} = ${least.toFixed(1)} MiB/s`, least };
    },
  };
}

/** A sandbox in time of a bare Pod. */
function barelyAbove(pod: string): Figure {
  return {
    unit: "ms",
    limit: (figures) => {
      const most = 1.1 * (figures[pod] ?? -Infinity);
      return { text: `≤ 1.10 × ${pod} = ${most.toFixed(1)} ms`, most };
    },
  };
}

/** So many times. */
function atMost(most: number): Figure {
  return { unit: "×", limit: () => ({ text: `≤ ${most} ×`, most }) };
}

function atLeast(least: number): Figure {
  return { unit: "/s", limit: () => ({ text: `≥ ${least} /s`, least }) };
}
