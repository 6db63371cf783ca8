import { expect, it } from "vitest";
import { freePorts, tcpPortsOf, tcpProblem } from "../../../../src/operator/tunnels/ports.ts";
import { aClass, aSandbox } from "../builders.ts";

const range = { first: 30_500, last: 30_502 };

const free: [taken: number[], after: number, count: number, ports: number[] | undefined][] = [
  [[], 0, 0, []],
  [[], 0, 1, [30_500]],
  [[], 30_500, 1, [30_501]],
  [[], 30_501, 2, [30_502, 30_500]],
  [[], 30_502, 1, [30_500]],
  [[], 40_000, 1, [30_500]],
  [[30_502], 30_501, 1, [30_500]],
  [[30_500], 0, 2, [30_501, 30_502]],
  [[30_501], 0, 2, [30_500, 30_502]],
  [[30_501], 30_501, 3, undefined],
  [[30_500, 30_501, 30_502], 0, 1, undefined],
];

it.each(free)("with %j taken, behind %i, %i free ports are %j", (taken, after, count, ports) => {
  expect(freePorts(range, count, { preferred: [], after, isTaken: (port) => taken.includes(port) })).toEqual(ports);
});

const preferring: [preferred: number[], count: number, ports: number[] | undefined][] = [
  [[30_502], 1, [30_502]],
  [[30_502], 2, [30_502, 30_500]],
  [[30_502, 30_500], 1, [30_502]],
  [[30_501], 2, [30_500, 30_502]],
  [[40_000], 1, [30_500]],
  [[30_502], 3, undefined],
];

it.each(preferring)("with %j preferred and 30501 taken, %i free ports are %j", (preferred, count, ports) => {
  expect(freePorts(range, count, { preferred, after: 0, isTaken: (port) => port === 30_501 })).toEqual(ports);
});

const ranges: [gateway: object | undefined, ofClass: object | undefined, given: object | undefined][] = [
  [undefined, undefined, undefined],
  [undefined, range, undefined],
  [range, undefined, range],
  [range, { first: 30_501, last: 40_000 }, { first: 30_501, last: 30_502 }],
  [range, { first: 1, last: 30_500 }, { first: 30_500, last: 30_500 }],
  [range, { first: 1, last: 30_499 }, undefined],
];

it.each(ranges)("with %j in the gateway and %j in the class, ports are given out of %j", (gateway, ofClass, given) => {
  const settings = { domain: "x", port: 443, ...(gateway && { tcpPorts: range }) };
  expect(tcpPortsOf(aClass(ofClass && { tunnels: { tcpPorts: ofClass } }).spec, settings)).toEqual(given);
});

it("says why there is no unencrypted tunnel", () => {
  const { spec } = aSandbox({ tunnels: [1, 2].map((port) => ({ port, protocol: "TCP" as const })) });
  const settings = { domain: "x", port: 443 };
  expect(tcpProblem(spec, aClass().spec, settings)).toContain("no ports");
  const one = { ...settings, tcpPorts: { first: 5, last: 5 } };
  expect(tcpProblem(spec, aClass().spec, one)).toBe("spec.tunnels asks for 2 ports of protocol TCP, and there are 1.");
  expect(tcpProblem(spec, aClass().spec, { ...one, tcpPorts: range })).toBeUndefined();
  expect(tcpProblem(aSandbox({ tunnels: [{ port: 1 }] }).spec, aClass().spec, settings)).toBeUndefined();
});
