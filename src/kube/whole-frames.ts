import { OwnMemory } from "../lib/own-memory.ts";

/** Octets of a frame that is put together; a longer one is handed on as it comes. */
const maxFrameOctets = 1 << 20;

/** Octets of a frame that gets memory of its own: shorter ones are not worth the some hundred octets that it costs. */
const minOwnOctets = 4 << 10;

/** Octets of the head of a handshake's answer. Beyond it nothing is looked for. */
const maxHeadOctets = 64 << 10;

/**
 * Puts the frames of a WebSocket's server together, long ones in memory of their own, from what is read of the connection. Its
 * reader takes a frame in one piece as it is, where it would copy one that came in several. What comes before, the answer
 * to the handshake, is handed on as it is, and an answer that refuses it to its end.
 */
export class WholeFrames {
  /** The head of the answer so far; `undefined` once the frames begin. */
  #head: string | undefined = "";
  /** The first octets of a frame until its length is known. */
  readonly #start = Buffer.alloc(14);
  #startOctets = 0;
  /** The frame under way. */
  #frame: Buffer | undefined;
  #filled = 0;
  /** Octets that are handed on as they come. */
  #through = 0;

  /** What can be handed on after these octets were read. It shares no memory with them. */
  take(octets: Uint8Array): Buffer[] {
    const out: Buffer[] = [];
    let at = this.#head === undefined ? 0 : this.#takeHead(octets, out);
    while (at < octets.length) {
      const rest = octets.subarray(at);
      if (this.#through > 0) at += this.#passOn(rest, out);
      else if (this.#frame) at += this.#fill(this.#frame, rest, out);
      else at += this.#begin(rest, out);
    }
    return out;
  }

  /** Like the others, gives how many octets it took. */
  #takeHead(octets: Uint8Array, out: Buffer[]): number {
    const before = this.#head?.length ?? 0;
    const head = `${this.#head}${Buffer.from(octets).toString("latin1")}`;
    const end = head.indexOf("\r\n\r\n");
    const taken = end === -1 ? octets.length : end + 4 - before;
    const noFrames = end === -1 ? head.length > maxHeadOctets : !head.startsWith("HTTP/1.1 101 ");
    if (noFrames) this.#through = Infinity;
    this.#head = noFrames || end !== -1 ? undefined : head;
    out.push(Buffer.from(octets.subarray(0, taken)));
    return taken;
  }

  #passOn(octets: Uint8Array, out: Buffer[]): number {
    const passed = octets.subarray(0, this.#through);
    out.push(Buffer.from(passed));
    this.#through -= passed.length;
    return passed.length;
  }

  /** RFC 6455, 5.2. */
  #begin(octets: Uint8Array, out: Buffer[]): number {
    const start = this.#start;
    const wanted = () => (this.#startOctets < 2 ? 2 : headerOctets(start));
    let taken = 0;
    for (; taken < octets.length && this.#startOctets < wanted(); taken++)
      start[this.#startOctets++] = octets[taken] ?? 0;
    if (this.#startOctets < wanted()) return taken;
    const header = start.subarray(0, this.#startOctets);
    const length = payloadOctets(header);
    this.#startOctets = 0;
    if (length > maxFrameOctets || length === 0) {
      out.push(Buffer.from(header));
      this.#through = length;
    } else {
      const octets = header.length + length;
      this.#frame = octets < minOwnOctets ? Buffer.allocUnsafe(octets) : OwnMemory.buffer(octets);
      this.#frame.set(header);
      this.#filled = header.length;
    }
    return taken;
  }

  #fill(frame: Buffer, octets: Uint8Array, out: Buffer[]): number {
    const piece = octets.subarray(0, frame.length - this.#filled);
    frame.set(piece, this.#filled);
    this.#filled += piece.length;
    if (this.#filled === frame.length) {
      out.push(frame);
      this.#frame = undefined;
    }
    return piece.length;
  }
}

function headerOctets(start: Buffer): number {
  const second = start[1] ?? 0;
  const length = second & 0x7f;
  const masked = second >= 0x80;
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (masked ? 4 : 0);
}

function payloadOctets(header: Buffer): number {
  const length = (header[1] ?? 0) & 0x7f;
  if (length === 126) return header.readUInt16BE(2);
  return length === 127 ? Number(header.readBigUInt64BE(2)) : length;
}
