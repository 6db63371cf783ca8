import { duplexPair, type Duplex } from "node:stream";
import { expect } from "vitest";
import { Link } from "../../../src/agent-link/link.ts";
import { eventually } from "../../support/eventually.ts";

export const types = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flags = { endStream: 1, ack: 1, endHeaders: 4, padded: 8 } as const;

/** A frame of HTTP/2 (RFC 9113, 4.1), as right or wrong as it is told to be. */
export function frame(type: number, flag: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flag, 4);
  head.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([head, payload]);
}

export function uint32(...values: number[]): Buffer {
  const octets = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => octets.writeUInt32BE(value >>> 0, 4 * i));
  return octets;
}

/** A setting, as a frame has it. */
export function setting(name: number, value: number): Buffer {
  const octets = Buffer.alloc(6);
  octets.writeUInt16BE(name);
  octets.writeUInt32BE(value >>> 0, 2);
  return octets;
}

/** A field of a head, neither compressed nor indexed (RFC 7541, 6.2.2). */
export function field(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0), text(name), text(value)]);
}

function text(value: string): Buffer {
  const octets = Buffer.from(value);
  if (octets.length < 127) return Buffer.concat([Buffer.of(octets.length), octets]);
  const digits: number[] = [127];
  let rest = octets.length - 127;
  for (; rest >= 128; rest >>>= 7) digits.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...digits, rest]), octets]);
}

/** The head `:status: 200`, which is the eighth of the static table. */
export const ok: Buffer = Buffer.of(0x88);

export interface LyingAgent extends AsyncDisposable {
  link: Link;
  /** Resolves once so many requests have come: an answer before is no answer. */
  asked(requests?: number): Promise<void>;
  /** Sends octets, as many as are taken within a moment; answers whether all were. */
  say(octets: Iterable<Buffer>): Promise<boolean>;
  end(): void;
}

/** An agent that has sent its settings and then says whatever it is told to. */
export async function lyingAgent(settings: Buffer = Buffer.alloc(0)): Promise<LyingAgent> {
  const [near, far] = duplexPair();
  let requests = 0;
  far.on("error", () => {});
  eachFrame(far, (type) => (requests += type === types.headers ? 1 : 0));
  far.write(frame(types.settings, 0, 0, settings));
  const link = await Link.over(near, 'sandbox "ns/liar"');
  return {
    link,
    asked: (wanted = 1) => eventually(() => expect(requests).toBeGreaterThanOrEqual(wanted)),
    say: (octets) => sayTo(far, octets),
    end: () => void far.end(),
    async [Symbol.asyncDispose]() {
      link.destroy();
      near.destroy();
      far.destroy();
    },
  };
}

/** Tells the type of each frame that a client sends, behind the 24 octets by which it says what it speaks. */
function eachFrame(stream: Duplex, tell: (type: number) => void): void {
  let skip = 24;
  let held = Buffer.alloc(0);
  stream.on("data", (octets: Buffer) => {
    held = Buffer.concat([held, octets]);
    for (;;) {
      const skipped = Math.min(skip, held.length);
      held = held.subarray(skipped);
      skip -= skipped;
      if (held.length < 9) return;
      tell(held.readUInt8(3));
      skip = 9 + held.readUIntBE(0, 3);
    }
  });
}

/** Milliseconds that a reader may make no progress before it counts as one that holds back. */
const moment = 200;

async function sayTo(far: Duplex, octets: Iterable<Buffer>): Promise<boolean> {
  for (const piece of octets) {
    if (far.destroyed || far.writableEnded) return false;
    const taken = new Promise<boolean>((resolve) => {
      const late = setTimeout(() => resolve(false), moment);
      far.write(piece, (error) => {
        clearTimeout(late);
        resolve(!error);
      });
    });
    if (!(await taken)) return false;
  }
  return true;
}
