import { Counter, Gauge, Histogram } from "prom-client";
import { metrics } from "../metrics.ts";

const registers = [metrics];

export const links: Gauge = new Gauge({ name: "sandkeep_links", help: "Links open or opening.", registers });

export const linkFailures: Counter = new Counter({
  name: "sandkeep_link_failures_total",
  help: "Links that could not be opened.",
  registers,
});

export const linkOpenSeconds: Histogram = new Histogram({
  name: "sandkeep_link_open_seconds",
  help: "How long a link took to open, successful openings only.",
  buckets: [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15],
  registers,
});

export const linkResponseSeconds: Histogram = new Histogram({
  name: "sandkeep_link_response_seconds",
  help: "From a request on a link to the head of its response.",
  buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1, 5, 30],
  registers,
});
