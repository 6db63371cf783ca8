import { randomBytes } from "node:crypto";
import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { receiveBody } from "../../../../src/agent-link/bulk/receive.ts";
import { eventually } from "../../../support/eventually.ts";
import { parts } from "./parts.ts";

it.each([
  ["parts of an octet in large messages", 1, 32_768],
  ["messages of an octet", 100_000, 1],
])("a body in %s waits for its reader in few pieces", async (_, partOctets, messageOctets) => {
  const sent = randomBytes(50_000);
  const octets = parts(sent, partOctets);
  const stream = new PassThrough({ highWaterMark: octets.length });
  const body = receiveBody(stream, sent.length);
  for (let at = 0; at < octets.length; at += messageOctets) stream.write(octets.subarray(at, at + messageOctets));
  await eventually(() => expect(stream.readableLength + stream.writableLength).toBe(0));
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(piece as Buffer);
  expect(Buffer.concat(pieces).equals(sent)).toBe(true);
  expect(pieces.length).toBeLessThan(sent.length / 1000);
});
