import { expect, it } from "vitest";
import { forwardedClient } from "../../../../src/gateway/connect/forwarded-client.ts";
import { inRanges } from "../../../../src/gateway/tunnels/admit.ts";

const isTrustedHop = inRanges(["192.0.2.0/24", "2001:db8::/64"]);
const [balancer, other, client] = ["192.0.2.1", "192.0.2.2", "203.0.113.9"];

const rows: [what: string, peer: string, said: string | undefined, client: string | undefined][] = [
  ["a client itself", client, undefined, client],
  ["a client that speaks for somebody", client, "198.51.100.1", client],
  ["a client that speaks as a load balancer does", client, `198.51.100.1, ${balancer}`, client],
  ["a load balancer", balancer, client, client],
  ["one of IPv6", "2001:db8::1", "2001:db8:1::9", "2001:db8:1::9"],
  ["two, one behind the other", balancer, `${client}, ${other}`, client],
  ["a load balancer, with a forged client", balancer, `198.51.100.1, ${client}`, client],
  ["a load balancer, with a forged hop", balancer, `198.51.100.1, ${other}, ${client}`, client],
  ["two, with a forged client", balancer, `198.51.100.1,${client} , ${other}`, client],
  ["a client at a load balancer's address", balancer, other, other],
  ["a load balancer that says the port", balancer, `${client}:40000`, client],
  ["one that writes brackets", balancer, "[2001:db8:1::9]", "2001:db8:1::9"],
  ["one that writes brackets and the port", balancer, "[2001:db8:1::9]:40000", "2001:db8:1::9"],
  ["one that writes IPv4 as IPv6", balancer, `::ffff:${client}`, client],
  ["one that says nothing", balancer, undefined, undefined],
  ["one that says an empty header", balancer, "", undefined],
  ["one that ends with a comma", balancer, `${client},`, undefined],
  ["one that does not know", balancer, "unknown", undefined],
  ["one that says a name", balancer, `${client}, client.example`, undefined],
  ["one that says a range", balancer, "203.0.113.0/24", undefined],
  ["one behind one that does not know", balancer, `${client}, unknown, ${other}`, undefined],
];

it.each(rows)("finds the client of a request over %s", (_, peer, said, expected) => {
  expect(forwardedClient(peer, said, isTrustedHop)).toBe(expected);
});

it("believes nobody where no hop is trusted", () => {
  expect(forwardedClient(balancer, client, inRanges([]))).toBe(balancer);
});
