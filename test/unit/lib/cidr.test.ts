import { describe, expect, test } from "vitest";
import { widest } from "../../../src/lib/cidr.ts";

describe("the widest ranges", () => {
  test.each<[what: string, cidrs: string[], left: string[]]>([
    ["none", [], []],
    ["one that another holds", ["10.0.0.0/8", "10.1.0.0/16"], ["10.0.0.0/8"]],
    ["one that comes before what holds it", ["10.1.0.0/16", "10.0.0.0/8"], ["10.0.0.0/8"]],
    ["the first of what holds it", ["10.0.0.0/16", "10.0.0.0/8"], ["10.0.0.0/8"]],
    ["the last of what holds it", ["10.255.255.255/32", "10.0.0.0/8", "11.0.0.0/32"], ["10.0.0.0/8", "11.0.0.0/32"]],
    ["several in one", ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.9.0.0/16"], ["10.0.0.0/8"]],
    ["equal ones", ["10.1.2.3/8", "10.0.0.0/8"], ["10.0.0.0/8"]],
    ["neighbours", ["10.0.0.0/9", "10.128.0.0/9"], ["10.0.0.0/9", "10.128.0.0/9"]],
    ["both families", ["::/0", "fd00::/8", "0.0.0.0/0", "10.0.0.0/8"], ["0.0.0.0/0", "::/0"]],
    ["IPv6, however written", ["fd00:0:0::1/64", "fd00::/32", "2001:DB8::/32"], ["2001:db8::/32", "fd00::/32"]],
    ["an IPv4 address in IPv6", ["::ffff:10.0.0.1/128", "10.0.0.0/8"], ["10.0.0.0/8", "::ffff:a00:1/128"]],
  ])("of %s", (_what, cidrs, left) => {
    expect(widest(cidrs)).toEqual(left);
    expect(widest(cidrs.toReversed())).toEqual(left);
  });

  test("of a big cluster's nodes are found in one pass", () => {
    const nodes = Array.from({ length: 2000 }, (_, i) => {
      const [high, low] = [(i >> 8).toString(16), (i & 255).toString(16)];
      return [`2001:db8:${high}:${low}::/64`, `2001:db8:${high}:${low}::1/128`];
    }).flat();
    expect(widest(nodes)).toHaveLength(2000);
  });
});
