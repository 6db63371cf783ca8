import { z } from "zod";
import { listMap } from "./collection.ts";
import { port } from "./port.ts";

const tunnel = z.strictObject({
  port: port.describe("The port inside the sandbox."),
  protocol: z
    .enum(["TLS", "HTTP2", "TCP"])
    .default("TLS")
    .describe("TLS ends at the tunnel; HTTP2 is TLS that offers h2; TCP is passed on as it is, unencrypted."),
});

/** Ports made reachable from outside; no port twice. */
export const tunnelsSchema = listMap(tunnel, "port", 64);

const tunnelAddress = z.strictObject({
  containerPort: port.describe("The port inside the sandbox."),
  url: z.string().max(2048).exactOptional().describe("Where it is reached over TLS."),
  host: z.string().max(253).exactOptional().describe("The host to reach it over TLS."),
  port: port.exactOptional().describe("The port to reach it over TLS."),
  unencryptedHost: z.string().max(253).exactOptional().describe("The host to reach it without TLS."),
  unencryptedPort: port.exactOptional().describe("The port to reach it without TLS."),
});

/** Where tunnels are reached, one per port inside. */
export const tunnelAddressesSchema = listMap(tunnelAddress, "containerPort", 64);
