import { Counter, Gauge } from "prom-client";
import { metrics } from "../metrics.ts";

export const decisionsTotal: Counter<"verdict" | "protocol" | "reason"> = new Counter({
  name: "sandkeep_egress_decisions_total",
  help: "Names that sandboxes were allowed or denied to reach, or that could not be reached.",
  labelNames: ["verdict", "protocol", "reason"],
  registers: [metrics],
});

export const connections: Gauge = new Gauge({
  name: "sandkeep_egress_connections",
  help: "Connections of sandboxes to the proxy.",
  registers: [metrics],
});

export const octetsTotal: Counter<"direction"> = new Counter({
  name: "sandkeep_egress_octets_total",
  help: "Octets that connections of sandboxes carried, counted when they end; `out` is from the sandbox.",
  labelNames: ["direction"],
  registers: [metrics],
});
