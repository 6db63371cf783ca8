import { Counter } from "prom-client";
import { metrics } from "../../metrics.ts";

export const connectRequests: Counter<"result"> = new Counter({
  name: "sandkeep_gateway_connect_requests_total",
  help: "Requests with connect tokens: forwarded to a sandbox, exchanged for a cookie, or why they were refused.",
  labelNames: ["result"],
  registers: [metrics],
});
