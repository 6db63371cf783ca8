import { Counter, Gauge, Histogram } from "prom-client";
import { metrics } from "../metrics.ts";

const registers = [metrics];
const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export const relists: Counter<"reflector"> = new Counter({
  name: "sandkeep_reflector_relists_total",
  help: "Full lists read, the first included.",
  labelNames: ["reflector"],
  registers,
});

export const watchFailures: Counter<"reflector"> = new Counter({
  name: "sandkeep_reflector_failures_total",
  help: "Lists and watches that failed.",
  labelNames: ["reflector"],
  registers,
});

export const handlerFailures: Counter<"reflector"> = new Counter({
  name: "sandkeep_reflector_handler_failures_total",
  help: "Changes whose handler threw; they are delivered again.",
  labelNames: ["reflector"],
  registers,
});

export const lastEvent: Gauge<"reflector"> = new Gauge({
  name: "sandkeep_reflector_last_event_timestamp_seconds",
  help: "When the last event, bookmark or list came.",
  labelNames: ["reflector"],
  registers,
});

export const storedObjects: Gauge<"reflector"> = new Gauge({
  name: "sandkeep_reflector_objects",
  help: "Objects in the store.",
  labelNames: ["reflector"],
  registers,
});

export const reconciles: Counter<"controller" | "result"> = new Counter({
  name: "sandkeep_reconciles_total",
  help: "Passes of a controller over one key, by how they ended.",
  labelNames: ["controller", "result"],
  registers,
});

export const reconcileSeconds: Histogram<"controller"> = new Histogram({
  name: "sandkeep_reconcile_duration_seconds",
  help: "How long a pass took.",
  labelNames: ["controller"],
  buckets: seconds,
  registers,
});

export const queueDepth: Gauge<"controller"> = new Gauge({
  name: "sandkeep_queue_depth",
  help: "Keys that wait for a worker.",
  labelNames: ["controller"],
  registers,
});

export const queueSeconds: Histogram<"controller"> = new Histogram({
  name: "sandkeep_queue_wait_seconds",
  help: "How long a key waited for a worker.",
  labelNames: ["controller"],
  buckets: seconds,
  registers,
});

export const droppedEvents: Counter = new Counter({
  name: "sandkeep_events_dropped_total",
  help: "Kubernetes Events that were not recorded.",
  registers,
});

export const leading: Gauge<"lease"> = new Gauge({
  name: "sandkeep_leader",
  help: "1 while this replica leads.",
  labelNames: ["lease"],
  registers,
});
