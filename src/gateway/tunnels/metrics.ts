import { Gauge } from "prom-client";
import { metrics } from "../../metrics.ts";

export const openConnections: Gauge = new Gauge({
  name: "sandkeep_tunnel_connections",
  help: "Connections of clients to sandboxes that are open, those with connect tokens included.",
  registers: [metrics],
});
