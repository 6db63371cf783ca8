import { hostName } from "../rule/host-name.ts";

/** The name that a TLS client asks for, what is missing to tell, or why it will never be told. */
export type ServerName =
  | { kind: "name"; name: string }
  /** At least so many octets are needed in all. */
  | { kind: "more"; octets: number }
  | { kind: "refused"; problem: string };

/** Octets within which a ClientHello has to end; those with post-quantum keys take some two thousand. */
export const MOST_HELLO_OCTETS: number = 16 << 10;

/** Records in which it may come; no client is known that needs more than two. */
const mostRecords = 16;

const handshake = 22;
const clientHello = 1;
const serverName = 0;
const hostNameType = 0;

/** The server name (SNI, RFC 6066) of a connection that begins so, also when its ClientHello comes in several records (RFC 8446). */
export function readServerName(start: Buffer): ServerName {
  const message = readMessage(start);
  if (message.kind !== "message") return message;
  try {
    return nameIn(message.body);
  } catch (error) {
    if (error instanceof RangeError) return refused("its ClientHello is malformed");
    throw error;
  }
}

type Message = { kind: "message"; body: Buffer } | Exclude<ServerName, { kind: "name" }>;

/** The first handshake message, put together from the records that it comes in. */
function readMessage(start: Buffer): Message {
  const parts: Buffer[] = [];
  let octets = 0;
  for (let at = 0; ;) {
    if (start.length < at + 5) return more(at + 5);
    const length = start.readUInt16BE(at + 3);
    if (start[at] !== handshake || start[at + 1] !== 3) return refused("it does not begin with a TLS handshake");
    if (parts.length >= mostRecords) return refused("its ClientHello comes in too many records");
    if (length === 0 || length > 1 << 14) return refused("it has a TLS record of a length that is not allowed");
    const end = at + 5 + length;
    // What tells the message's own length may be there before its record is whole.
    const part = start.subarray(at + 5, end);
    parts.push(part);
    octets += part.length;
    const known = octets >= 4 ? Buffer.concat(parts, Math.min(octets, 4)) : undefined;
    if (known && known[0] !== clientHello) return refused("its first TLS message is no ClientHello");
    const whole = known && 4 + known.readUIntBE(1, 3);
    if (whole !== undefined && whole > MOST_HELLO_OCTETS) return refused("its ClientHello is too long");
    if (whole !== undefined && octets >= whole) {
      return { kind: "message", body: Buffer.concat(parts).subarray(4, whole) };
    }
    if (start.length < end) return more(Math.min(end, start.length + (whole ?? 4) - octets));
    at = end;
  }
}

function nameIn(body: Buffer): ServerName {
  const hello = new Reader(body);
  hello.skip(2 + 32);
  hello.vector(1);
  hello.vector(2);
  hello.vector(1);
  if (hello.isEmpty) return refused("it names no server");
  const extensions = hello.vector(2);
  let names: Reader | undefined;
  while (!extensions.isEmpty) {
    const type = extensions.number(2);
    const content = extensions.vector(2);
    if (type !== serverName) continue;
    if (names !== undefined) return refused("it names a server twice");
    names = content;
  }
  return names === undefined ? refused("it names no server") : onlyName(names.vector(2));
}

function onlyName(names: Reader): ServerName {
  const type = names.number(1);
  const text = names.vector(2).rest().toString("latin1");
  if (type !== hostNameType || !names.isEmpty) return refused("it names more than one server");
  const name = hostName(text);
  return name === undefined ? refused("what it names is no host name") : { kind: "name", name };
}

function more(octets: number): ServerName & { kind: "more" | "refused" } {
  return octets > MOST_HELLO_OCTETS ? refused("its ClientHello is too long") : { kind: "more", octets };
}

function refused(problem: string): { kind: "refused"; problem: string } {
  return { kind: "refused", problem };
}

/** Reads the vectors of TLS's presentation language; a `RangeError` says that there is less than announced. */
class Reader {
  readonly #octets: Buffer;
  #at = 0;

  constructor(octets: Buffer) {
    this.#octets = octets;
  }

  get isEmpty(): boolean {
    return this.#at >= this.#octets.length;
  }

  number(size: number): number {
    const value = this.#octets.readUIntBE(this.#at, size);
    this.#at += size;
    return value;
  }

  skip(octets: number): Buffer {
    const end = this.#at + octets;
    if (end > this.#octets.length) throw new RangeError(`${octets} octets are announced`);
    const skipped = this.#octets.subarray(this.#at, end);
    this.#at = end;
    return skipped;
  }

  /** Octets that are preceded by their number, which takes `size` octets. */
  vector(size: number): Reader {
    return new Reader(this.skip(this.number(size)));
  }

  rest(): Buffer {
    return this.skip(this.#octets.length - this.#at);
  }
}
