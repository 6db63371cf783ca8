import { createHash } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { mkdir, open, rename, stat, utimes } from "node:fs/promises";
import { dirname, join, posix, resolve } from "node:path";
import { SandboxFilesystemNotFoundError } from "../../sdk/errors.ts";
import type { FileInfo } from "../../sdk/filesystem/info.ts";
import type { SandboxFilesystem } from "../../sdk/filesystem/filesystem.ts";
import { Failure } from "../errors.ts";
import type { Progress } from "./progress.ts";
import { retried } from "./retry.ts";

/** How much is read at once, in octets; of a few such pieces the processor still has the octets when they are encrypted. */
const pieceSize = 1 << 18;
/** Others who may write to the directory know the name beforehand: no link of theirs is followed. */
const appending = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0);

/**
 * Copies a large local file into a sandbox, to a file beside its place that gets its name at the end. What an earlier run, or a
 * connection that broke, has brought there is not sent again.
 */
export async function uploadLarge(
  files: SandboxFilesystem,
  local: string,
  remote: string,
  progress: Progress,
): Promise<void> {
  const { size, mtimeMs, mode } = await stat(local);
  const folder = posix.dirname(remote);
  const partial = posix.join(folder, partialName(resolve(local), remote, size, mtimeMs));
  await files.makeDirectory(folder);
  const permissions = (mode & 0o777).toString(8).padStart(4, "0");
  await retried(async (reached, signal) => {
    const offset = Math.min(size, (await sizeOf(files, partial, signal)) ?? 0);
    progress.at(offset);
    reached(offset);
    if (offset === size && size > 0) return;
    let done = offset;
    const octets = counted(piecesOf(local, offset, size), (count) => {
      progress.add(count);
      reached((done += count));
    });
    await files.writeStreamAt(octets, partial, { offset, size: size - offset, mode: permissions, signal });
  });
  const { mtimeMs: now } = await stat(local);
  if (now !== mtimeMs) throw new Failure(`${local} changed while it was copied`, "Copy it again.");
  await retried(async (_, signal) => {
    try {
      await files.rename(partial, remote, { signal });
    } catch (error) {
      // An attempt whose reply was lost has done it.
      if (!(error instanceof SandboxFilesystemNotFoundError) || (await sizeOf(files, remote, signal)) !== size)
        throw error;
    }
  });
}

/** The same from a sandbox to here. */
export async function downloadLarge(
  files: SandboxFilesystem,
  remote: FileInfo,
  local: string,
  progress: Progress,
): Promise<void> {
  const { path, size, modifiedTime } = remote;
  await mkdir(dirname(local), { recursive: true });
  const partial = join(dirname(local), partialName(resolve(local), path, size, modifiedTime));
  {
    await using file = await open(partial, appending);
    let { size: offset } = await file.stat();
    if (offset > size) await file.truncate((offset = 0));
    await retried(async (reached, signal) => {
      progress.at(offset);
      if (offset === size) return;
      for await (const octets of files.readStream(path, { offset, signal })) {
        await file.writeFile(octets);
        offset += octets.length;
        progress.add(octets.length);
        reached(offset);
      }
    });
    await file.chmod(remote.mode & 0o777 & ~process.umask());
  }
  const now = await files.stat(path);
  if (now.size !== size || now.modifiedTime !== modifiedTime)
    throw new Failure(`${path} changed while it was copied`, "Copy it again.");
  await utimes(partial, modifiedTime, modifiedTime);
  await rename(partial, local);
}

/** The same for the same contents at the same places only. */
function partialName(...identity: (string | number)[]): string {
  return `.sandkeep-${createHash("sha256").update(identity.join("\0")).digest("hex").slice(0, 16)}.part`;
}

async function sizeOf(files: SandboxFilesystem, path: string, signal: AbortSignal): Promise<number | undefined> {
  try {
    return (await files.stat(path, { signal })).size;
  } catch (error) {
    if (error instanceof SandboxFilesystemNotFoundError) return undefined;
    throw error;
  }
}

/** A local file from an offset on, as far as it was when it was looked at; throws when it is shorter now. */
async function* piecesOf(path: string, from: number, size: number): AsyncGenerator<Uint8Array, void, void> {
  let at = from;
  if (from === size) return;
  for await (const piece of createReadStream(path, { start: from, end: size - 1, highWaterMark: pieceSize })) {
    at += (piece as Uint8Array).length;
    yield piece as Uint8Array;
  }
  if (at < size) throw new Failure(`${path} changed while it was copied`, "Copy it again.");
}

async function* counted(
  octets: AsyncIterable<Uint8Array>,
  onOctets: (count: number) => void,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of octets) {
    yield chunk;
    onOctets(chunk.length);
  }
}
