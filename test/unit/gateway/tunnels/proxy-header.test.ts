import { expect, it } from "vitest";
import { readProxyHeader } from "../../../../src/gateway/tunnels/proxy-header.ts";

const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const v4 = [203, 0, 113, 7, 192, 0, 2, 1, 0x13, 0x88, 0x01, 0xbb];
const v6 = [...Array.from({ length: 14 }, () => 0), 0x12, 0x34, ...Array.from({ length: 20 }, () => 1)];

function binary(command: number, family: number, octets: number[], length = octets.length): Buffer {
  return Buffer.from([...signature, command, family, length >> 8, length & 255, ...octets]);
}

const clients: [what: string, octets: Buffer, length: number, client: string | undefined][] = [
  ["text, IPv4", Buffer.from("PROXY TCP4 203.0.113.7 192.0.2.1 5000 443\r\nGET"), 43, "203.0.113.7"],
  ["text, IPv6", Buffer.from("PROXY TCP6 2001:db8::7 2001:db8::1 5000 443\r\n"), 45, "2001:db8::7"],
  ["text, of the load balancer's own", Buffer.from("PROXY UNKNOWN\r\n"), 15, undefined],
  ["binary, IPv4", binary(0x21, 0x11, v4), 28, "203.0.113.7"],
  ["binary, IPv4 with more behind", binary(0x21, 0x11, [...v4, 4, 0, 1, 9]), 32, "203.0.113.7"],
  ["binary, IPv6", binary(0x21, 0x21, v6), 52, "0:0:0:0:0:0:0:1234"],
  ["binary, of the load balancer's own", binary(0x20, 0x00, []), 16, undefined],
  ["binary, of another family", binary(0x21, 0x31, []), 16, undefined],
];

it.each(clients)("reads %s, also octet by octet", (_, octets, length, client) => {
  const header = { kind: "header", length, ...(client !== undefined && { client }) };
  expect(readProxyHeader(octets)).toEqual(header);
  for (let end = 0; end < length; end++)
    expect(readProxyHeader(octets.subarray(0, end))).toEqual({ kind: "incomplete" });
});

const invalid: [what: string, octets: Buffer][] = [
  ["a TLS handshake", Buffer.from([0x16, 0x03, 0x01])],
  ["a request", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ["no address", Buffer.from("PROXY TCP4 localhost 192.0.2.1 5000 443\r\n")],
  ["an address of the other family", Buffer.from("PROXY TCP4 2001:db8::7 192.0.2.1 5000 443\r\n")],
  ["a port that is none", Buffer.from("PROXY TCP4 203.0.113.7 192.0.2.1 99999 443\r\n")],
  ["no ports", Buffer.from("PROXY TCP4 203.0.113.7 192.0.2.1\r\n")],
  ["a line without end", Buffer.from(`PROXY UNKNOWN ${"x".repeat(200)}`)],
  ["another version", binary(0x31, 0x11, v4)],
  ["another command", binary(0x22, 0x11, v4)],
  ["too little for its family", binary(0x21, 0x11, v4.slice(4))],
  ["too much", binary(0x21, 0x11, v4, 60_000)],
];

it.each(invalid)("refuses %s", (_, octets) => {
  expect(readProxyHeader(octets)).toEqual({ kind: "invalid" });
});
