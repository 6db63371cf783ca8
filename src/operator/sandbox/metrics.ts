import { Counter, Histogram } from "prom-client";
import { FINISH_REASONS } from "../../api/phases.ts";
import type { Sandbox, SandboxStatus } from "../../api/sandbox.ts";
import { metrics } from "../../metrics.ts";

const registers = [metrics];
const buckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

const finished: Counter<"reason"> = new Counter({
  name: "sandkeep_sandboxes_finished_total",
  help: "Sandboxes that ended, by how.",
  labelNames: ["reason"],
  registers,
});

const startSeconds: Histogram = new Histogram({
  name: "sandkeep_sandbox_start_seconds",
  help: "From creation, which has whole seconds, until the sandbox was seen to run.",
  buckets,
  registers,
});

const readySeconds: Histogram = new Histogram({
  name: "sandkeep_sandbox_ready_seconds",
  help: "From Started until the probe succeeded, for sandboxes that have one.",
  buckets,
  registers,
});

for (const reason of FINISH_REASONS) finished.inc({ reason }, 0);

/** Counts the steps that a sandbox has made from the status it had to the one written. */
export function countSteps({ metadata, status: before }: Sandbox, after: SandboxStatus): void {
  if (after.startedAt !== undefined && before?.startedAt === undefined) {
    startSeconds.observe(secondsBetween(metadata.creationTimestamp, after.startedAt));
  }
  if (after.readyAt !== undefined && before?.readyAt === undefined) {
    readySeconds.observe(secondsBetween(after.startedAt, after.readyAt));
  }
  if (after.reason !== undefined && before?.reason === undefined) finished.inc({ reason: after.reason });
}

function secondsBetween(from: string | undefined, to: string): number {
  return Math.max(0, (Date.parse(to) - Date.parse(from ?? to)) / 1000);
}
