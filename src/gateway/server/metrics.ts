import { Gauge, Histogram } from "prom-client";
import { metrics } from "../../metrics.ts";

export const requestSeconds: Histogram<"route" | "code"> = new Histogram({
  name: "sandkeep_gateway_request_seconds",
  help: "From a request to the end of its reply; code is the HTTP status, 499 when the client went first.",
  labelNames: ["route", "code"],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5, 30, 300],
  registers: [metrics],
});

export const requestsUnderWay: Gauge = new Gauge({
  name: "sandkeep_gateway_requests_under_way",
  help: "Requests whose reply is not complete, waits and streams included.",
  registers: [metrics],
});
