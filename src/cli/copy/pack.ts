import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
} from "node:fs";
import { join } from "node:path";
import { pack as makePack, type Pack } from "tar-stream";

export interface PackEvents {
  /** Told how many octets of files have been read. */
  onOctets: (count: number) => void;
  /** Told of what cannot be copied: pipes, sockets, devices. */
  onSkipped: (path: string) => void;
}

/** How much is put together before it is sent; octets. */
const pieceSize = 1 << 18;

/**
 * A local directory as tar, names relative to it. Files are opened, read and closed at once and without leaving the thread, which
 * for thousands of small ones takes a fifth of the time that promises do; large ones are read in pieces.
 */
export async function* packTree(root: string, events: PackEvents): AsyncGenerator<Uint8Array, void, void> {
  const pack = makePack();
  let [chunks, length]: [Uint8Array[], number] = [[], 0];
  const drain = () => {
    for (let chunk: Buffer | null; (chunk = pack.read() as Buffer | null) !== null; length += chunk.length)
      chunks.push(chunk);
  };
  const take = () => {
    const piece = Buffer.concat(chunks, length);
    [chunks, length] = [[], 0];
    return piece;
  };
  for (const step of addDirectory(pack, root, "", events)) {
    if (step !== undefined) await step;
    drain();
    if (length >= pieceSize) yield take();
  }
  pack.finalize();
  for await (const chunk of pack as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.length;
  }
  if (length > 0) yield take();
}

type Step = Promise<void> | undefined;

/** Adds a directory with all in it. Each step leaves something to read in `pack`, once what it gives has come. */
function* addDirectory(pack: Pack, path: string, name: string, events: PackEvents): Generator<Step, void, void> {
  pack.entry({ ...headerOf(lstatSync(path)), type: "directory", name: name === "" ? "./" : name });
  yield;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const [local, inside] = [join(path, entry.name), name === "" ? entry.name : `${name}/${entry.name}`];
    if (entry.isFile()) yield* addFile(pack, local, inside, events);
    else if (entry.isDirectory()) yield* addDirectory(pack, local, inside, events);
    else if (entry.isSymbolicLink()) {
      const linkname = readlinkSync(local);
      pack.entry({ ...headerOf(lstatSync(local)), type: "symlink", name: inside, linkname });
      yield;
    } else events.onSkipped(local);
  }
}

function* addFile(pack: Pack, path: string, name: string, { onOctets }: PackEvents): Generator<Step, void, void> {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    const stats = fstatSync(file);
    const header = { ...headerOf(stats), name };
    if (stats.size <= pieceSize) {
      const octets = readPiece(file, stats.size);
      pack.entry(header, octets);
      onOctets(octets.length);
      yield;
      return;
    }
    const entry = pack.entry({ ...header, size: stats.size });
    for (let left = stats.size; left > 0;) {
      const octets = readPiece(file, Math.min(left, pieceSize));
      // The header has said how long it is.
      if (octets.length === 0) throw new Error(`${path} became shorter while it was read`);
      left -= octets.length;
      onOctets(octets.length);
      entry.write(octets);
      if (left === 0) entry.end(null);
      yield new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    closeSync(file);
  }
}

function readPiece(file: number, size: number): Buffer {
  const octets = Buffer.allocUnsafe(size);
  return octets.subarray(0, size === 0 ? 0 : readSync(file, octets));
}

function headerOf({ mode, mtime }: Stats): { mode: number; mtime: Date } {
  return { mode: mode & 0o7777, mtime };
}
