import { z } from "zod";
import { matches, withRules } from "../rule.ts";
import { listOf } from "./collection.ts";
import { objectName } from "./name.ts";

const anyCidr = z.union([z.cidrv4(), z.cidrv6()]);

/** An IPv4 address written as an IPv6 one, which Kubernetes refuses for its ambiguity. */
const mappedIpv4 = /^[0:]*:ffff:([0-9]+[.][^:/]*|[^:/]+:[^:/]+)\//i;

/** A range of IPv4 or IPv6 addresses. */
export const cidr = withRules(z.string().min(1).max(49), {
  cel: "isCIDR(self)",
  message: 'must be a CIDR such as "203.0.113.0/24" or "2001:db8::/32"',
  namesValue: true,
  holds: (value) => anyCidr.safeParse(value).success && !mappedIpv4.test(value),
});

/** A domain; `*.` before it stands for everything below it. */
export const domainPattern = withRules(z.string().min(1).max(253), {
  ...matches(
    /^([*][.])?([A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?[.])*[A-Za-z]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?$/,
    'must be a domain such as "example.com" or "*.example.com"',
  ),
  namesValue: true,
});

const outbound = z.strictObject({
  cidrs: listOf(cidr, 256).exactOptional().describe("Addresses that may be reached."),
  domains: listOf(domainPattern, 256)
    .exactOptional()
    .describe('Domains that may be reached; "*." before one stands for everything below it.'),
});

const inbound = z.strictObject({
  cidrs: listOf(cidr, 256).exactOptional().describe("Addresses that may use tunnels and connect tokens."),
});

/** What a sandbox may reach and who may reach it. */
export const networkSchema = withRules(
  z.strictObject({
    block: z.boolean().exactOptional().describe("No network at all, in or out."),
    outbound: outbound
      .exactOptional()
      .describe("Given, only what it lists may be reached: the union of addresses and domains; empty, nothing."),
    inbound: inbound.exactOptional().describe("Given, only what it lists may come in; empty, nobody."),
    proxyName: objectName.exactOptional().describe("The proxy through which outbound connections go."),
  }),
  {
    cel: "!has(self.block) || !self.block || (!has(self.outbound) && !has(self.inbound) && !has(self.proxyName))",
    message: "block excludes outbound, inbound and proxyName",
    field: "block",
    holds: ({ block, outbound, inbound, proxyName }) =>
      block !== true || (outbound === undefined && inbound === undefined && proxyName === undefined),
  },
);

/** A change of it: null takes a member away, and what is missing stays. Lists are replaced as a whole. */
export const networkPatchSchema = z.strictObject({
  block: z.boolean().nullable().exactOptional(),
  outbound: z
    .strictObject({
      cidrs: listOf(cidr, 256).nullable().exactOptional(),
      domains: listOf(domainPattern, 256).nullable().exactOptional(),
    })
    .nullable()
    .exactOptional(),
  inbound: z
    .strictObject({ cidrs: listOf(cidr, 256).nullable().exactOptional() })
    .nullable()
    .exactOptional(),
  proxyName: objectName.nullable().exactOptional(),
});

export type Network = z.infer<typeof networkSchema>;
