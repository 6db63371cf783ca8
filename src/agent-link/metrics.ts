import { Counter, Gauge, Histogram } from "prom-client";
import { metrics } from "../metrics.ts";

const registers = [metrics];

export const links: Gauge = new Gauge({ name: "sandkeep_links", help: "Links open or opening.", registers });

export const linkOpens: Counter = new Counter({
  name: "sandkeep_link_opens_total",
  help: "Links that were opened.",
  registers,
});

export const linkFailures: Counter = new Counter({
  name: "sandkeep_link_failures_total",
  help: "Links that could not be opened.",
  registers,
});

export const linkBreaks: Counter = new Counter({
  name: "sandkeep_link_breaks_total",
  help: "Links that were open and failed: the stream was cut, or the agent broke the protocol or fell silent.",
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

/** What moves over links, HTTP/2 included, and of large bodies over exec streams of their own. */
export const streamOctets: Counter<"kind" | "direction"> = new Counter({
  name: "sandkeep_agent_stream_bytes_total",
  help: "Bytes sent to agents and received from them, by kind of exec stream: link, or bulk for one large body.",
  labelNames: ["kind", "direction"],
  registers,
});
for (const kind of ["link", "bulk"])
  for (const direction of ["received", "sent"]) streamOctets.inc({ kind, direction }, 0);

export const bulkStreams: Gauge = new Gauge({
  name: "sandkeep_bulk_streams",
  help: "Exec streams open for one large body each.",
  registers,
});

/** Each body that was to have a stream of its own: it got one, or goes over the link. */
export const bulkOpens: Counter<"result"> = new Counter({
  name: "sandkeep_bulk_opens_total",
  help: "Large bodies by what they got: a stream, none in time because all were taken (busy), or none (failed). Without one they go over the link.",
  labelNames: ["result"],
  registers,
});
for (const result of ["ok", "busy", "failed"]) bulkOpens.inc({ result }, 0);

export const bulkOpenSeconds: Histogram = new Histogram({
  name: "sandkeep_bulk_open_seconds",
  help: "From asking for a stream for a large body until the agent greets, the wait for its turn included; successful ones only.",
  buckets: [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15],
  registers,
});
