import {
  chmodSync,
  closeSync,
  futimesSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { extract, type Extract, type Header } from "tar-stream";
import { Failure } from "../errors.ts";

export interface UnpackEvents {
  onOctets: (count: number) => void;
  /** Told of what is not made here: pipes, sockets, devices. */
  onSkipped: (name: string) => void;
}

/**
 * Unpacks a tar from a sandbox, whose programs may have made it say anything, into a local directory. Nothing in it leads out of
 * there: no name, no link that it brings or that was there before. Files belong to the user, without set-uid bits.
 */
export async function unpackTree(
  tar: AsyncIterable<Uint8Array>,
  root: string,
  { onOctets, onSkipped }: UnpackEvents,
): Promise<void> {
  const tree = new Tree(root);
  const entries = extract();
  const feeding = feed(tar, entries);
  // It is awaited below; what it rejects with ends the iteration, too.
  feeding.catch(() => {});
  for await (const entry of entries) {
    const { header } = entry;
    if (header.type !== "file" && header.type !== "contiguous-file") {
      if (!tree.make(header)) onSkipped(header.name);
      entry.resume();
      continue;
    }
    using file = tree.create(header);
    for await (const octets of entry as AsyncIterable<Uint8Array>) {
      writeAll(file.descriptor, octets);
      onOctets(octets.length);
    }
  }
  await feeding;
  tree.finish();
}

async function feed(tar: AsyncIterable<Uint8Array>, entries: Extract): Promise<void> {
  try {
    for await (const octets of tar) {
      if (!entries.write(octets)) await drained(entries);
      if (entries.destroyed) return;
    }
    entries.end(null);
  } catch (error) {
    entries.destroy(error as Error);
    throw error;
  }
}

/** Resolves once more is taken, or never will be. */
function drained(entries: Extract): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      entries.off("drain", go);
      entries.off("close", go);
      resolve();
    };
    entries.on("drain", go);
    entries.on("close", go);
  });
}

/** A local directory that is filled with what names of an archive say. */
class Tree {
  readonly #root: string;
  /** Names below which may be written: directories, and no links to such. */
  readonly #directories = new Set([""]);
  /** Modes of directories that would keep the rest from being written. */
  readonly #modes = new Map<string, number>();

  readonly #madeRoot: boolean;

  constructor(root: string) {
    this.#root = root;
    this.#madeRoot = mkdirSync(root, { recursive: true }) !== undefined;
  }

  /** Makes a directory or link; answers false for what is neither, and for hard links to what is no file. */
  make({ type, name, mode, linkname }: Header): boolean {
    if (type === "directory") {
      const inside = partsOf(name).join("/");
      if (inside !== "") this.#directory(inside, mode & 0o777);
      else if (this.#madeRoot) this.#limit(this.#root, mode & 0o777);
      return true;
    }
    if (linkname === null || linkname === undefined) return false;
    const path = this.#place(name);
    if (type === "symlink") {
      rmSync(path, { force: true });
      symlinkSync(linkname, path);
      return true;
    }
    if (type !== "link") return false;
    const target = this.#place(linkname);
    // Some systems would follow a symbolic link to what is outside.
    if (!lstatSync(target).isFile()) return false;
    rmSync(path, { force: true });
    linkSync(target, path);
    return true;
  }

  /** A new file, in place of what was there. Disposed of, it has its time. */
  create({ name, mode, mtime }: Header): Disposable & { descriptor: number } {
    const path = this.#place(name);
    const open = () => openSync(path, "wx", mode & 0o777);
    let descriptor: number;
    try {
      descriptor = open();
    } catch (error) {
      if (!isThere(error)) throw error;
      rmSync(path);
      descriptor = open();
    }
    return {
      descriptor,
      [Symbol.dispose]() {
        futimesSync(descriptor, mtime, mtime);
        closeSync(descriptor);
      },
    };
  }

  finish(): void {
    for (const [path, mode] of [...this.#modes].reverse()) chmodSync(path, mode);
  }

  /** Where a name is; the directories that it is in are made. */
  #place(name: string): string {
    const parts = partsOf(name);
    this.#directory(parts.slice(0, -1).join("/"));
    return join(this.#root, ...parts);
  }

  /** Makes a directory that is not there yet: what the user gives nobody, no archive does. */
  #directory(name: string, mode = 0o777): void {
    if (this.#directories.has(name)) return;
    const parent = dirname(name);
    this.#directory(parent === "." ? "" : parent);
    const path = join(this.#root, name);
    try {
      mkdirSync(path, { mode: mode | 0o700 });
      this.#limit(path, mode);
    } catch (error) {
      if (!isThere(error)) throw error;
      if (!lstatSync(path).isDirectory())
        throw new Failure(`Cannot copy ${name}: ${path} is no directory`, "Remove it, or copy to another place.");
    }
    this.#directories.add(name);
  }

  /** Takes rights away that the mode does not give; its owner's once all is written. */
  #limit(path: string, mode: number): void {
    const { mode: made } = lstatSync(path);
    if ((made & 0o077 & ~mode) !== 0) chmodSync(path, made & (mode | 0o700));
    if ((mode & 0o700) !== 0o700) this.#modes.set(path, made & mode);
  }
}

/** The parts of a name in an archive. Throws for one that leads out of it. */
function partsOf(name: string): string[] {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  const leadsOut = parts.some((part) => part === ".." || part.includes("\0") || part.includes("\\"));
  if (
    name.startsWith("/") ||
    (leadsOut && (process.platform === "win32" || parts.includes("..") || name.includes("\0")))
  )
    throw new Failure(`The sandbox sent the name ${JSON.stringify(name)}, which leads out of the directory`);
  return parts;
}

function writeAll(descriptor: number, octets: Uint8Array): void {
  for (let written = 0; written < octets.length;) written += writeSync(descriptor, octets, written);
}

function isThere(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}
