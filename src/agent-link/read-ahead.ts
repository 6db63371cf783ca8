import { Readable } from "node:stream";

/** Octets below which a piece that waits is copied together with others. */
const smallOctets = 1 << 10;

/** Octets of the memory that small pieces are copied to. */
const slabOctets = 4 << 10;

export interface ReadAheadOptions {
  /** Octets that may wait for the reader. */
  octets: number;
  /** Tells the source that there is room. */
  resume: () => void;
  /** Called once, when the body has been read or is given up. */
  destroyed: (error: Error | null) => void;
}

/**
 * A body that comes faster than it is read, up to a number of octets, which bounds its memory however small the pieces are
 * in which an agent sends them: each piece costs some hundred octets of its own, so small ones wait together.
 */
export class ReadAhead extends Readable {
  readonly #options: ReadAheadOptions;
  readonly #pieces: Buffer[] = [];
  /** What small pieces were copied to, behind all others, and how far it is filled. */
  #slab: Buffer | undefined;
  #filled = 0;
  #octets = 0;
  #isWanted = false;
  #isOver = false;

  constructor(options: ReadAheadOptions) {
    // What waits does so here, and not in the Readable, which keeps pieces as they are.
    super({ highWaterMark: 1 });
    this.#options = options;
  }

  /** Takes what came. False when the source is to pause until `resume` is called. */
  add(piece: Buffer): boolean {
    if (this.#isWanted) {
      this.#isWanted = false;
      this.push(piece);
    } else {
      this.#keep(piece);
    }
    return this.#octets < this.#options.octets;
  }

  /** Nothing more will come. */
  finish(): void {
    this.#isOver = true;
    if (this.#isWanted) this.push(null);
  }

  override _read(): void {
    const next = this.#pieces.shift() ?? this.#takeSlab();
    if (next !== undefined) {
      this.#octets -= next.length;
      this.push(next);
    } else if (this.#isOver) {
      this.push(null);
      return;
    } else {
      this.#isWanted = true;
    }
    if (!this.#isOver && this.#octets < this.#options.octets) this.#options.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#options.destroyed(error);
    done(error);
  }

  #keep(piece: Buffer): void {
    this.#octets += piece.length;
    if (piece.length >= smallOctets) {
      this.#endSlab();
      this.#pieces.push(piece);
      return;
    }
    if (this.#slab !== undefined && this.#filled + piece.length > slabOctets) this.#endSlab();
    this.#slab ??= Buffer.allocUnsafeSlow(slabOctets);
    this.#filled += piece.copy(this.#slab, this.#filled);
  }

  #endSlab(): void {
    const slab = this.#takeSlab();
    if (slab !== undefined) this.#pieces.push(slab);
  }

  #takeSlab(): Buffer | undefined {
    const slab = this.#slab?.subarray(0, this.#filled);
    this.#slab = undefined;
    this.#filled = 0;
    return slab;
  }
}
