import { isIP } from "node:net";

/** What the first octets of a connection say of who is at its far end. */
export type ProxyHeader =
  /** More octets have to come. */
  | { kind: "incomplete" }
  | { kind: "invalid" }
  /** The header takes so many octets; without a client the load balancer speaks for itself, as in its health checks. */
  | { kind: "header"; length: number; client?: string };

const signature = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const textStart = Buffer.from("PROXY ", "latin1");
const longestText = 107;
/** Far beyond what load balancers add of their own. */
const longestBinary = 4_096;
const fixedLength = 16;

/** Reads a header of the PROXY protocol, version 1 or 2. */
export function readProxyHeader(octets: Buffer): ProxyHeader {
  if (begins(octets, signature)) return readBinary(octets);
  return begins(octets, textStart) ? readText(octets) : { kind: "invalid" };
}

/** Whether they begin as they should, as far as they have come. */
function begins(octets: Buffer, start: Buffer): boolean {
  const length = Math.min(octets.length, start.length);
  return octets.subarray(0, length).equals(start.subarray(0, length));
}

function readText(octets: Buffer): ProxyHeader {
  const end = octets.subarray(0, longestText).indexOf("\r\n");
  if (end === -1) return { kind: octets.length < longestText ? "incomplete" : "invalid" };
  const [, family, client = "", destination = "", ...ports] = octets.toString("latin1", 0, end).split(" ");
  const length = end + 2;
  if (family === "UNKNOWN") return { kind: "header", length };
  const version = family === "TCP4" ? 4 : family === "TCP6" ? 6 : undefined;
  const isWhole = isIP(client) === version && isIP(destination) === version && ports.length === 2;
  return isWhole && ports.every(isPort) ? { kind: "header", length, client } : { kind: "invalid" };
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535;
}

function readBinary(octets: Buffer): ProxyHeader {
  if (octets.length < fixedLength) return { kind: "incomplete" };
  const command = octets.readUInt8(12);
  const length = fixedLength + octets.readUInt16BE(14);
  if ((command !== 0x20 && command !== 0x21) || length > longestBinary) return { kind: "invalid" };
  if (octets.length < length) return { kind: "incomplete" };
  if (command === 0x20) return { kind: "header", length };
  const addresses = octets.subarray(fixedLength, length);
  switch (octets.readUInt8(13)) {
    case 0x11:
      return addresses.length < 12 ? { kind: "invalid" } : { kind: "header", length, client: ipv4(addresses) };
    case 0x21:
      return addresses.length < 36 ? { kind: "invalid" } : { kind: "header", length, client: ipv6(addresses) };
    default:
      return { kind: "header", length };
  }
}

function ipv4(octets: Buffer): string {
  return [...octets.subarray(0, 4)].join(".");
}

function ipv6(octets: Buffer): string {
  return Array.from({ length: 8 }, (_, index) => octets.readUInt16BE(index * 2).toString(16)).join(":");
}
