/** Octets of the head of a long frame. */
export const frameHeadOctets = 14;

/** From this length on a frame is a long one, whose length takes eight octets; octets without the head. */
export const longFrameOctets: number = 64 << 10;

/**
 * Writes the head of a client's binary frame (RFC 6455, 5.2), masked with zeros, over the first octets of `frame`; the rest of
 * it is what the frame has in it, and long.
 */
export function writeFrameHead(frame: Buffer): void {
  frame[0] = 0x80 | binary;
  frame[1] = 0x80 | lengthInEightOctets;
  frame.writeBigUInt64BE(BigInt(frame.length - frameHeadOctets), 2);
  frame.writeUInt32BE(0, 10);
}

const binary = 2;
const lengthInEightOctets = 127;
