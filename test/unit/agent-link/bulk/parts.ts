import { crc32 } from "node:zlib";

/** A body as it travels, in parts of so many octets. */
export function parts(body: Buffer, partOctets = 100_000): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; at += partOctets) {
    const part = body.subarray(at, at + partOctets);
    pieces.push(number(part.length), part);
  }
  return Buffer.concat([...pieces, number(0), trailer(body.length, crc32(body))]);
}

export function trailer(total: number, sum: number): Buffer {
  const trailer = Buffer.alloc(12);
  trailer.writeBigUInt64BE(BigInt(total));
  trailer.writeUInt32BE(sum, 8);
  return trailer;
}

export function number(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets;
}
