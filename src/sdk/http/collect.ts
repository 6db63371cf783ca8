/** All of a stream, in one piece. Throws once it is longer than `most` octets. */
export async function collect(octets: AsyncIterable<Uint8Array>, most = Infinity): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of octets) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > most) throw new RangeError(`More than ${most} octets`);
  }
  return joined(chunks, length);
}

/** Chunks one behind the other. */
export function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
