import { Counter, Histogram } from "prom-client";
import { metrics } from "../metrics.ts";

/** What this process asks of the API server: the cost that it must keep small. */
export const requests: Counter<"method" | "resource" | "status"> = new Counter({
  name: "sandkeep_kubernetes_requests_total",
  help: "Requests to the API server by HTTP status, or `none` where no answer came; each watch counts once.",
  labelNames: ["method", "resource", "status"],
  registers: [metrics],
});

export const requestSeconds: Histogram<"method"> = new Histogram({
  name: "sandkeep_kubernetes_request_duration_seconds",
  help: "Time until the answer to a request began.",
  labelNames: ["method"],
  buckets: [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  registers: [metrics],
});

/** `pods` or `sandboxes/status` for an API path; empty for paths that lead to no resource, as `/version`. */
export function resourceOf(path: string): string {
  const [, , rest = ""] = /^\/(api\/[^/]+|apis\/[^/]+\/[^/]+)\/([^?]*)/.exec(path) ?? [];
  const segments = rest.split("/");
  const [resource = "", , subresource] =
    segments[0] === "namespaces" && segments.length > 2 ? segments.slice(2) : segments;
  return subresource === undefined ? resource : `${resource}/${subresource}`;
}
