import { z } from "zod";
import { timestamp } from "./schema/time.ts";

/** What the egress part decided about names that a sandbox wanted to reach. */
export const decisionSchema = z.object({
  time: timestamp.describe("When it was last decided so."),
  count: z.int().min(1).describe("How often it was decided so."),
  verdict: z.enum(["Allowed", "Denied", "Failed"]).describe("Failed: it was allowed, and could not be done."),
  protocol: z.enum(["DNS", "TLS", "HTTP", "TCP"]).describe("How the sandbox asked; TCP: before it had said anything."),
  host: z.string().exactOptional().describe("The name that it asked for, if it told one."),
  port: z.int().exactOptional().describe("The port that it asked for."),
  reason: z
    .enum(["NotAllowed", "NoName", "NoSuchName", "NotPublic", "Unreachable", "TooManyConnections", "ProxyFailed"])
    .exactOptional()
    .describe(
      "NotAllowed: not among network.outbound.domains. NoName: neither SNI nor Host header. NoSuchName: it does not " +
        "resolve. NotPublic: it resolves to addresses that may not be reached. Unreachable: nobody answered there. " +
        "TooManyConnections: the sandbox has too many. ProxyFailed: the proxy of network.proxyName did not connect.",
    ),
  message: z.string().exactOptional().describe("What else is to be said."),
});

export const decisionsSchema = z.object({
  decisions: z.array(decisionSchema).describe("The last ones, newest first; those that are alike are one."),
  allowed: z.int().min(0).describe("How many connections there were in all."),
  denied: z.int().min(0).describe("How many refusals there were in all, unresolved names among them."),
  failed: z.int().min(0).describe("How many connections failed in all."),
});

export type Decision = z.infer<typeof decisionSchema>;
export type DecisionList = z.infer<typeof decisionsSchema>;
