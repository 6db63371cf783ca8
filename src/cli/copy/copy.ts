import { statSync } from "node:fs";
import { basename, join, posix } from "node:path";
import { SandboxFilesystemNotADirectoryError, SandboxFilesystemNotFoundError } from "../../sdk/errors.ts";
import type { SandboxFilesystem } from "../../sdk/filesystem/filesystem.ts";
import { Failure } from "../errors.ts";
import { visibleLine } from "../output/visible.ts";
import { write } from "../output/write.ts";
import { packTree } from "./pack.ts";
import { showProgress, type Progress } from "./progress.ts";
import { downloadLarge, uploadLarge } from "./resumable.ts";
import { retried } from "./retry.ts";
import { unpackTree } from "./unpack.ts";

/** From this size on, what has been copied of a file survives that the copy breaks off; octets. */
const largeSize = 64 << 20;

export interface CopyOptions {
  quiet: boolean;
}

/** Copies a local file or tree, or standard input as `-`, to a place in a sandbox. Into a directory that is there, else by that name. */
export async function upload(
  files: SandboxFilesystem,
  local: string,
  remote: string,
  { quiet }: CopyOptions,
): Promise<void> {
  if (local === "-") return await files.writeStream(process.stdin, remote);
  const found = statSync(local, { throwIfNoEntry: false });
  if (found === undefined) throw new Failure(`There is no ${local} here`);
  const isTree = found.isDirectory();
  const contentsOnly = isTree && /(^|[/\\])\.$/.test(local);
  const intoDirectory = !contentsOnly && (remote.endsWith("/") || (await isDirectory(files, remote)));
  const target = intoDirectory ? posix.join(remote, basename(local)) : remote;
  using progress = showProgress(basename(local), isTree ? undefined : found.size, quiet);
  if (isTree) await uploadTree(files, local, target, progress);
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

async function uploadTree(files: SandboxFilesystem, local: string, remote: string, progress: Progress): Promise<void> {
  await retried(async (progressed, signal) => {
    progress.at(0);
    const onOctets = (count: number) => {
      progress.add(count);
      progressed();
    };
    await files.writeArchive(packTree(local, { onOctets, onSkipped }), remote, {
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
  await retried(async (progressed, signal) => {
    progress.at(0);
    const onOctets = (count: number) => {
      progress.add(count);
      progressed();
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

/** Whether it is a directory, or a link to one. */
async function isDirectory(files: SandboxFilesystem, path: string): Promise<boolean> {
  try {
    return (await files.stat(`${path}/.`)).type === "directory";
  } catch (error) {
    if (error instanceof SandboxFilesystemNotFoundError || error instanceof SandboxFilesystemNotADirectoryError)
      return false;
    throw error;
  }
}
