import { statSync } from "node:fs";
import { basename, join, posix } from "node:path";
import { SandboxFilesystemNotADirectoryError, SandboxFilesystemNotFoundError } from "../../sdk/errors.ts";
import type { SandboxFilesystem } from "../../sdk/filesystem/filesystem.ts";
import type { FileInfo } from "../../sdk/filesystem/info.ts";
import { Failure } from "../errors.ts";
import { visibleLine } from "../output/visible.ts";
import { write } from "../output/write.ts";
import { packTree, type Brought } from "./pack.ts";
import { showProgress, type Progress } from "./progress.ts";
import { downloadLarge, uploadLarge } from "./resumable.ts";
import { retried } from "./retry.ts";
import { unpackTree } from "./unpack.ts";

/** From this size on, what has been copied of a file survives that the copy breaks off; octets. */
const largeSize = 64 << 20;

export interface CopyOptions {
  quiet: boolean;
  /** Files of a tree that an earlier copy has brought are not sent again. */
  resume?: boolean;
}

/** Copies a local file or tree, or standard input as `-`, to a place in a sandbox. Into a directory that is there, else by that name. */
export async function upload(
  files: SandboxFilesystem,
  local: string,
  remote: string,
  { quiet, resume = false }: CopyOptions,
): Promise<void> {
  if (local === "-") return await files.writeStream(process.stdin, remote);
  const found = statSync(local, { throwIfNoEntry: false });
  if (found === undefined) throw new Failure(`There is no ${local} here`);
  const isTree = found.isDirectory();
  const contentsOnly = isTree && /(^|[/\\])\.$/.test(local);
  const intoDirectory = !contentsOnly && (remote.endsWith("/") || (await isDirectory(files, remote)));
  const target = intoDirectory ? posix.join(remote, basename(local)) : remote;
  using progress = showProgress(basename(local), isTree ? undefined : found.size, quiet);
  if (isTree) await uploadTree(files, local, target, progress, resume);
  else if (found.size >= largeSize) await uploadLarge(files, local, target, progress);
  else await files.copyFromLocal(local, target, { onProgress: (done) => progress.at(done) });
}

/** Copies a file or tree out of a sandbox to a local place, or to standard output as `-`. */
export async function download(
  files: SandboxFilesystem,
  remote: string,
  local: string,
  { quiet }: CopyOptions,
): Promise<void> {
  if (local === "-") {
    for await (const octets of files.readStream(remote)) await write(octets);
    return;
  }
  const isTree = await isDirectory(files, remote);
  const contentsOnly = isTree && remote.endsWith("/.");
  const intoDirectory = statSync(local, { throwIfNoEntry: false })?.isDirectory() === true && !contentsOnly;
  const target = intoDirectory ? join(local, nameOf(remote)) : local;
  if (isTree) {
    using progress = showProgress(nameOf(remote), undefined, quiet);
    await downloadTree(files, remote, target, progress);
    return;
  }
  const info = await files.stat(remote);
  const size = info.type === "symlink" ? undefined : info.size;
  using progress = showProgress(nameOf(remote), size, quiet);
  if (size !== undefined && size >= largeSize) await downloadLarge(files, info, target, progress);
  else await files.copyToLocal(remote, target, { onProgress: (done) => progress.at(done) });
}

/**
 * A connection that breaks costs the files that were on their way, or all where the target was there before: what looks the same
 * may be older. With `resume` none is sent that is there already.
 */
async function uploadTree(
  files: SandboxFilesystem,
  local: string,
  remote: string,
  progress: Progress,
  resume: boolean,
): Promise<void> {
  const brought: Brought | undefined =
    resume || !(await exists(files, remote))
      ? { files: resume ? Infinity : 0, list: (directory) => filesIn(files, posix.join(remote, directory)) }
      : undefined;
  await retried(async (reached, signal) => {
    progress.at(0);
    let done = 0;
    const onOctets = (count: number) => {
      progress.add(count);
      reached((done += count));
    };
    await files.writeArchive(packTree(local, { onOctets, onSkipped }, brought), remote, {
      noOwners: true,
      signal,
    });
  });
}

async function downloadTree(
  files: SandboxFilesystem,
  remote: string,
  local: string,
  progress: Progress,
): Promise<void> {
  await retried(async (reached, signal) => {
    progress.at(0);
    let done = 0;
    const onOctets = (count: number) => {
      progress.add(count);
      reached((done += count));
    };
    await unpackTree(files.readArchive(remote, { signal }), local, { onOctets, onSkipped });
  });
}

function onSkipped(path: string): void {
  process.stderr.write(`Left out, for it is no file, directory or link: ${visibleLine(path)}\n`);
}

/** The last part of a path; `.` of the root. */
function nameOf(remote: string): string {
  const name = posix.basename(posix.normalize(remote));
  if (name === "..")
    throw new Failure(`"${remote}" has no name to copy it by`, "Write the path without .. at its end.");
  return name === "" ? "." : name;
}

async function filesIn(files: SandboxFilesystem, directory: string): Promise<FileInfo[]> {
  try {
    return await files.listFiles(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function exists(files: SandboxFilesystem, path: string): Promise<boolean> {
  try {
    await files.stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Whether it is a directory, or a link to one. */
async function isDirectory(files: SandboxFilesystem, path: string): Promise<boolean> {
  try {
    return (await files.stat(`${path}/.`)).type === "directory";
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof SandboxFilesystemNotFoundError || error instanceof SandboxFilesystemNotADirectoryError;
}
