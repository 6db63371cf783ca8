/** A ClientHello as clients send it, with what a test wants of its extensions. */
export interface HelloOptions {
  extensions?: Buffer[];
  /** Octets of the handshake message in each record. */
  fragment?: number;
}

/** The records of a ClientHello. */
export function clientHello({ extensions = [], fragment = 1 << 14 }: HelloOptions = {}): Buffer {
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    vector(1, Buffer.alloc(32, 1)),
    vector(2, Buffer.from([0x13, 0x01, 0x13, 0x02])),
    vector(1, Buffer.from([0])),
    ...(extensions.length === 0 ? [] : [vector(2, Buffer.concat(extensions))]),
  ]);
  return records(Buffer.concat([Buffer.from([1]), vector(3, body)]), fragment);
}

export function records(message: Buffer, fragment = 1 << 14): Buffer {
  const all: Buffer[] = [];
  for (let at = 0; at < message.length; at += fragment) {
    all.push(Buffer.from([22, 3, 1]), vector(2, message.subarray(at, at + fragment)));
  }
  return Buffer.concat(all);
}

export function extension(type: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type >> 8, type & 255]), vector(2, content)]);
}

export function serverNames(...names: string[]): Buffer {
  return extension(
    0,
    vector(2, Buffer.concat(names.map((name) => Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(name))])))),
  );
}

export function vector(size: number, content: Buffer): Buffer {
  const length = Buffer.alloc(size);
  length.writeUIntBE(content.length, 0, size);
  return Buffer.concat([length, content]);
}
