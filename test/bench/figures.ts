/** Names of all figures; those of one group are measured together, so that a comparison has one run. */
export const groups = {
  cluster: ["cluster.up"],
  exec: ["exec.link.p50", "exec.link.p99", "exec.raw.p50", "exec.bare.p50"],
  gvisor: ["exec.gvisor.link.p50", "exec.gvisor.raw.p50", "exec.gvisor.bare.p50"],
  create: ["create.sandbox.p50", "create.pod.p50"],
} as const;

export type Group = keyof typeof groups;
export type FigureName = (typeof groups)[Group][number];

/** Milliseconds by name. */
export type Figures = Partial<Record<FigureName, number>>;

interface Limit {
  text: string;
  most: number;
}

/** What a figure has to stay within, given those of the same run; `undefined` for what others are compared with. */
export function limitOf(name: FigureName, figures: Figures): Limit | undefined {
  switch (name) {
    case "cluster.up":
      return { text: "< 6000 ms", most: 6000 };
    case "exec.link.p50": {
      const raw = figures["exec.raw.p50"] ?? Infinity;
      return { text: "< 3 ms, and 15 times faster than raw", most: Math.min(3, raw / 15) };
    }
    case "exec.gvisor.link.p50":
      return { text: "< 8 ms", most: 8 };
    case "create.sandbox.p50": {
      const pod = figures["create.pod.p50"] ?? Infinity;
      return { text: `1.15 × create.pod.p50 = ${(1.15 * pod).toFixed(1)} ms`, most: 1.15 * pod };
    }
    default:
      return undefined;
  }
}

/** The p-th percentile of samples by nearest rank. */
export function percentile(samples: number[], p: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)];
  if (value === undefined) throw new Error("Cannot take a percentile of no samples");
  return value;
}
