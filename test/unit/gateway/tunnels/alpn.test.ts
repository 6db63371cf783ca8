import { expect, it } from "vitest";
import { chosenProtocol } from "../../../../src/gateway/tunnels/alpn.ts";
import type { Route } from "../../../../src/gateway/tunnels/route.ts";
import { aSandbox } from "../a-sandbox.ts";

const sandbox = aSandbox();
const tunnel = (protocol: "TLS" | "HTTP2" | "TCP"): Route => ({ kind: "tunnel", sandbox, port: 80, protocol });
const connect: Route = { kind: "connect", sandbox, isHop: false };

const table: [Route, string[], string | undefined][] = [
  [tunnel("TLS"), ["h2", "http/1.1"], "http/1.1"],
  [tunnel("TLS"), ["h2"], undefined],
  [tunnel("TLS"), ["h2", "postgresql"], "postgresql"],
  [tunnel("TCP"), ["http/1.1"], "http/1.1"],
  [tunnel("HTTP2"), ["http/1.1", "h2"], "h2"],
  [tunnel("HTTP2"), ["http/1.1"], "http/1.1"],
  [tunnel("HTTP2"), ["mqtt"], "mqtt"],
  [connect, ["h2", "http/1.1"], "http/1.1"],
  [connect, ["h2"], undefined],
  [connect, ["mqtt"], undefined],
];

it.each(table)("of %j a client that offers %j gets %s", (route, offered, chosen) => {
  expect(chosenProtocol(route, offered)).toBe(chosen);
});
