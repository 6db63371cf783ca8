import type { FileEvent, FileInfo } from "../../api/file.ts";
import type { SandkeepError } from "../../api/errors.ts";
import { refused } from "./replies.ts";

type File = { type: "file"; data: Uint8Array; mode: number; time: Date };
type Directory = { type: "directory"; entries: Map<string, Node>; mode: number; time: Date; readOnly: boolean };
type Node = File | Directory | { type: "symlink"; target: string; time: Date } | { type: "device"; time: Date };

/** Where a path leads: what is there, if anything, in which directory and under which name. */
interface Place {
  path: string;
  parent: Directory;
  name: string;
  node: Node | undefined;
}

export interface PatchOptions {
  offset?: number | undefined;
  append?: boolean | undefined;
  truncate?: number | undefined;
  create?: boolean | undefined;
  /** Of a file that is made. */
  mode?: number | undefined;
  exclusive?: boolean | undefined;
}

const typeBits = { file: 0o100_000, directory: 0o040_000, symlink: 0o120_000, device: 0o020_000 };
const mostLinks = 40;
const folders = ["/bin", "/dev", "/etc", "/home", "/root", "/sys", "/tmp", "/usr/bin", "/var"];

/** Files of one sandbox, with the errors that the gateway has for them. All paths are absolute. */
export class FileTree {
  /** Told of everything that happens. */
  onEvent: (event: FileEvent) => void = () => {};
  readonly #root = directory();

  /** With the usual directories, unless it is to be empty. */
  constructor({ empty = false } = {}) {
    if (empty) return;
    for (const path of folders) this.makeDirectory(path, true);
    for (const name of ["null", "zero"]) this.#at("/dev").entries.set(name, { type: "device", time: new Date() });
    this.#at("/sys").readOnly = true;
  }

  has(path: string): boolean {
    try {
      return this.#find(path, true).node !== undefined;
    } catch {
      return false;
    }
  }

  read(path: string): Uint8Array {
    const { node } = this.#find(path, true);
    if (node === undefined) throw missing(path);
    if (node.type === "directory") throw isDirectory(path);
    if (node.type !== "file") throw device(path);
    return node.data;
  }

  /** Replaces the contents, or makes the file, with the directories that it is in. */
  write(path: string, data: Uint8Array, mode = 0o644): void {
    this.#makeAbove(path);
    const place = this.#find(path, true);
    const { node } = place;
    if (node?.type === "directory") throw isDirectory(path);
    this.#put(place, { type: "file", data, mode, time: new Date() });
    this.#tell(node === undefined ? "create" : "modify", place.path);
  }

  /** Writes in place. Answers where, and with the size of the file behind it. */
  patch(path: string, octets: Uint8Array, options: PatchOptions): { offset: number; size: number } {
    if (options.offset === undefined && options.truncate === undefined && options.append !== true)
      throw refused("invalid_argument", "file", "Nothing to do: give offset, append or truncate");
    const place = this.#find(path, true);
    const { node } = place;
    if (node?.type === "directory") throw isDirectory(path);
    if (node?.type === "device") throw device(path);
    if (node !== undefined && options.exclusive) throw taken(path);
    if (node === undefined && !options.create) throw missing(path);
    let data = node?.type === "file" ? node.data : new Uint8Array();
    if (options.truncate !== undefined) data = resized(data, options.truncate);
    const offset = options.append ? data.length : (options.offset ?? 0);
    if (octets.length > 0) {
      data = resized(data, Math.max(data.length, offset + octets.length));
      data.set(octets, offset);
    }
    this.#put(place, {
      type: "file",
      data,
      mode: node?.type === "file" ? node.mode : (options.mode ?? 0o644),
      time: new Date(),
    });
    this.#tell(node === undefined ? "create" : "modify", place.path);
    return { offset, size: data.length };
  }

  /** Gives what is at a path another one, in place of what is there. */
  rename(path: string, to: string): void {
    const from = this.#find(path, false);
    const place = this.#find(to, false);
    if (from.node === undefined) throw missing(path);
    if (place.node?.type === "directory" && from.node.type !== "directory") throw isDirectory(to);
    checkWritable(from);
    this.#put(place, from.node);
    from.parent.entries.delete(from.name);
    this.onEvent({ type: "rename", paths: [from.path, place.path] });
  }

  remove(path: string, recursive: boolean): void {
    const place = this.#find(path, false);
    if (place.node === undefined) throw missing(path);
    if (place.node.type === "directory" && place.node.entries.size > 0 && !recursive)
      throw refused("directory_not_empty", "file", `Directory ${path} is not empty`);
    checkWritable(place);
    place.parent.entries.delete(place.name);
    this.#tell("delete", place.path);
  }

  stat(path: string): FileInfo {
    const { node, name, path: found } = this.#find(path, false);
    if (node === undefined) throw missing(path);
    return infoOf(node, name, found);
  }

  list(path: string): FileInfo[] {
    const base = path.replace(/\/+$/, "");
    return [...this.#at(path).entries]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, node]) => infoOf(node, name, `${base}/${name}`));
  }

  makeDirectory(path: string, parents: boolean): void {
    if (parents) this.#makeAbove(path);
    const place = this.#find(path, true);
    if (place.node === undefined) {
      this.#put(place, directory());
      this.#tell("create", place.path);
    } else if (!parents || place.node.type !== "directory") throw taken(path);
  }

  /** Makes a symbolic link. */
  link(target: string, path: string): void {
    const place = this.#find(path, false);
    if (place.node !== undefined) throw taken(path);
    this.#put(place, { type: "symlink", target, time: new Date() });
    this.#tell("create", place.path);
  }

  /** Has the files of another tree in a directory; both see what the other does. */
  mount(path: string, other: FileTree): void {
    this.#makeAbove(path);
    this.#put(this.#find(path, true), other.#root);
  }

  #makeAbove(path: string): void {
    const parent = parentOf(path);
    if (this.#isDirectory(parent)) return;
    if (this.has(parent)) throw notDirectory(parent);
    this.makeDirectory(parent, true);
  }

  #isDirectory(path: string): boolean {
    return this.has(path) && this.#find(path, true).node?.type === "directory";
  }

  #put(place: Place, node: Node): void {
    checkWritable(place);
    place.parent.entries.set(place.name, node);
  }

  #at(path: string): Directory {
    const { node } = this.#find(path, true);
    if (node === undefined) throw missing(path);
    if (node.type !== "directory") throw notDirectory(path);
    return node;
  }

  /** Throws when a directory on the way is missing or none. `follow` is for what the path ends with. */
  #find(path: string, follow: boolean, links = 0): Place {
    if (links > mostLinks) throw refused("invalid_argument", "file", `Too many links on the way to ${path}`);
    const names = path.split("/").filter((name) => name !== "" && name !== ".");
    let place: Place = { path: "/", parent: this.#root, name: "", node: this.#root };
    for (const [index, name] of names.entries()) {
      const { node } = place;
      if (node === undefined) throw missing(path);
      if (node.type !== "directory") throw notDirectory(place.path);
      const next = `${place.path === "/" ? "" : place.path}/${name}`;
      place = { path: next, parent: node, name, node: node.entries.get(name) };
      if (place.node?.type !== "symlink" || (index === names.length - 1 && !follow)) continue;
      const { target } = place.node;
      const start = target.startsWith("/") ? target : `${parentOf(next)}/${target}`;
      return this.#find(`${start}/${names.slice(index + 1).join("/")}`, follow, links + 1);
    }
    return place;
  }

  #tell(type: FileEvent["type"], path: string): void {
    this.onEvent({ type, paths: [path] });
  }
}

function directory(): Directory {
  return { type: "directory", entries: new Map(), mode: 0o755, time: new Date(), readOnly: false };
}

/** The directory that a path is in; that of `/` is itself. */
function parentOf(path: string): string {
  return path.replace(/\/+[^/]*\/*$/, "") || "/";
}

function checkWritable({ parent, path }: Place): void {
  if (parent.readOnly) throw refused("permission_denied", "file", `Cannot write ${path}: read-only file system`);
}

function resized(data: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  whole.set(data.subarray(0, length));
  return whole;
}

function infoOf(node: Node, name: string, path: string): FileInfo {
  const permissions = "mode" in node ? node.mode : 0o777;
  return {
    name,
    path,
    type: node.type,
    size: node.type === "file" ? node.data.length : node.type === "symlink" ? node.target.length : 0,
    mode: typeBits[node.type] | permissions,
    permissions: permissions.toString(8).padStart(4, "0"),
    owner: "root",
    group: "root",
    modifiedTime: node.time.toISOString(),
    symlinkTarget: node.type === "symlink" ? node.target : null,
  };
}

function missing(path: string): SandkeepError {
  return refused("not_found", "file", `There is no ${path}`);
}

function taken(path: string): SandkeepError {
  return refused("already_exists", "file", `${path} is there already`);
}

function isDirectory(path: string): SandkeepError {
  return refused("is_a_directory", "file", `${path} is a directory`);
}

function notDirectory(path: string): SandkeepError {
  return refused("not_a_directory", "file", `${path} is not a directory`);
}

function device(path: string): SandkeepError {
  return refused("not_supported", "file", `${path} is a device`);
}
