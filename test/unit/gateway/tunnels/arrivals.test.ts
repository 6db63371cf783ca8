import { expect, it } from "vitest";
import { Arrivals } from "../../../../src/gateway/tunnels/arrivals.ts";

/** Which of these clients get one of six places, the first come first. */
function admitted(clients: string[]): boolean[] {
  const arrivals = new Arrivals(6);
  return clients.map((client) => arrivals.take(client) !== undefined);
}

it.each([
  ["the same address", ["203.0.113.1", "203.0.113.1", "203.0.113.1", "203.0.113.1"]],
  ["one network of IPv6", ["2001:db8::1", "2001:db8:0:0:5::", "2001:db8::ffff:0:0:1", "2001:db8::2"]],
])("gives half of the places to %s, and the rest to others", (_, clients) => {
  expect(admitted([...clients, "198.51.100.1", "2001:db8:0:1::1"])).toEqual([true, true, true, false, true, true]);
});

it("gives no more places than there are, and each again once it is free", () => {
  const arrivals = new Arrivals(2);
  const leave = arrivals.take("203.0.113.1");
  expect(arrivals.take("203.0.113.2")).toBeDefined();
  expect(arrivals.take("203.0.113.3")).toBeUndefined();
  leave?.();
  leave?.();
  expect(arrivals.take("203.0.113.3")).toBeDefined();
  expect(arrivals.take("203.0.113.4")).toBeUndefined();
});
