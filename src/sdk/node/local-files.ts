import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Download } from "../filesystem/download.ts";

type OnProgress = ((done: number, total: number) => void) | undefined;

/** A local file: its size, its permissions in octal, and its contents as often as they are asked for. Throws as Node's `fs` does. */
export async function read(
  path: string,
  onProgress: OnProgress,
): Promise<{ size: number; mode: string; octets: () => AsyncIterable<Uint8Array> }> {
  const { size, mode } = await openable(path);
  return {
    size,
    mode: (mode & 0o777).toString(8).padStart(4, "0"),
    octets: () => counted(createReadStream(path, { highWaterMark: 1 << 18 }), size, onProgress),
  };
}

/**
 * Writes a local file beside its place and puts it there once all has come. Directories that are missing are made. Throws as
 * Node's `fs` does, and what the source throws.
 */
export async function write(path: string, source: () => Promise<Download>, onProgress: OnProgress): Promise<void> {
  await refuseDirectory(path);
  const { size = 0, octets, cancel } = await source();
  const beside = `${path}.${randomUUID()}.part`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await using file = await open(beside, "wx");
    for await (const chunk of counted(octets, size, onProgress)) await file.writeFile(chunk);
    await rename(beside, path);
  } catch (error) {
    cancel();
    await rm(beside, { force: true }).catch(() => {});
    throw error;
  }
}

async function* counted(
  octets: AsyncIterable<Uint8Array>,
  size: number,
  onProgress: OnProgress,
): AsyncGenerator<Uint8Array, void, void> {
  let done = 0;
  onProgress?.(done, size);
  for await (const chunk of octets) {
    yield chunk;
    done += chunk.length;
    onProgress?.(done, size);
  }
}

/** Whether it is there, no directory and readable is found out before anything is sent. */
async function openable(path: string): Promise<{ size: number; mode: number }> {
  await using file = await open(path, "r");
  const found = await file.stat();
  if (found.isDirectory()) throw isDirectory(path);
  return found;
}

async function refuseDirectory(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) throw isDirectory(path);
}

function isDirectory(path: string): Error {
  const message = `EISDIR: illegal operation on a directory, open '${path}'`;
  return Object.assign(new Error(message), { code: "EISDIR", syscall: "open", path });
}
