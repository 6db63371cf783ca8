import type { FileInfo as FileView } from "../../api/file.ts";

export type FileType = "file" | "directory" | "symlink" | "fifo" | "socket" | "device";

/** What is known of a file without opening it. A symbolic link is described itself. */
export interface FileInfo {
  /** The last part of its path. */
  readonly name: string;
  readonly path: string;
  readonly type: FileType;
  /** In octets. */
  readonly size: number;
  /** As st_mode: type and permissions. */
  readonly mode: number;
  /** In octal, such as `0644`. */
  readonly permissions: string;
  readonly owner: string;
  readonly group: string;
  /** Seconds since 1970, with fractions. */
  readonly modifiedTime: number;
  /** Where a symbolic link points; null for anything else. */
  readonly symlinkTarget: string | null;
}

/** @internal What the gateway says of a file. */
export function fileInfoOf(view: FileView): FileInfo {
  const { name, path, type, size, mode, permissions, owner, group, modifiedTime, symlinkTarget } = view;
  return {
    name,
    path,
    type,
    size,
    mode,
    permissions,
    owner,
    group,
    modifiedTime: Date.parse(modifiedTime) / 1000,
    symlinkTarget,
  };
}
