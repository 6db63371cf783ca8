import { collectDefaultMetrics, Registry } from "prom-client";

/** Every metric of this process; `/metrics` serves it. */
export const metrics: Registry = new Registry();

/** Adds memory, CPU and event-loop metrics of the process; once, at start. */
export function collectProcessMetrics(): void {
  collectDefaultMetrics({ register: metrics });
}
