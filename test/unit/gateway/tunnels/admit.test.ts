import { expect, it } from "vitest";
import type { SandboxSpecInput } from "../../../../src/api/sandbox.ts";
import { admits, isAdmitted } from "../../../../src/gateway/tunnels/admit.ts";
import { aSandbox } from "../a-sandbox.ts";

const table: [string[] | undefined, string, boolean][] = [
  [undefined, "203.0.113.1", true],
  [[], "203.0.113.1", false],
  [["203.0.113.0/24"], "203.0.113.1", true],
  [["203.0.113.0/24"], "203.0.114.1", false],
  [["203.0.113.0/24"], "::ffff:203.0.113.1", true],
  [["203.0.113.7/24"], "203.0.113.1", true],
  [["2001:db8::/32"], "2001:db8::1", true],
  [["2001:db8::/32"], "2001:db9::1", false],
  [["2001:db8::/32"], "203.0.113.1", false],
  [["0.0.0.0/0"], "2001:db8::1", false],
  [["0.0.0.0/0", "::/0"], "2001:db8::1", true],
  [["203.0.113.0/24", "198.51.100.1/32"], "198.51.100.1", true],
  [["203.0.113.0/24"], "", false],
];

it.each(table)("with inbound addresses %j lets %s in: %s", (cidrs, address, admitted) => {
  expect(admits(cidrs && { cidrs }, address)).toBe(admitted);
});

const sandboxes: [SandboxSpecInput, boolean][] = [
  [{}, true],
  [{ network: { inbound: { cidrs: ["203.0.113.0/24"] } } }, true],
  [{ network: { inbound: { cidrs: ["198.51.100.0/24"] } } }, false],
  [{ network: { block: true } }, false],
  [{ desiredState: "Terminated" }, false],
];

it.each(sandboxes)("with the spec %j a client is connected: %s", (spec, admitted) => {
  expect(isAdmitted(aSandbox({ spec }), "203.0.113.1")).toBe(admitted);
});
