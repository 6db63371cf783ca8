import type { FilePatched } from "../../api/file.ts";
import { ConflictError, invalid } from "../errors.ts";
import { collect } from "../http/collect.ts";
import type { Gateway, Operation } from "../http/gateway.ts";
import { absolutePath } from "../units.ts";
import { textDecoder } from "../streams/text-decoder.ts";
import { partialContent, refusedSize } from "./download.ts";

/** As Python's: read, write, append, create; `+` for reading and writing, `b` for octets instead of text. */
export type SandboxFileMode = `${"r" | "w" | "a" | "x"}${"" | "b" | "+" | "b+" | "+b"}`;

export type SandboxFileWhence = "start" | "current" | "end";

/** A file inside a sandbox, with a position. Nothing is kept open there: each operation is one request. */
export class SandboxFile {
  readonly path: string;
  readonly mode: SandboxFileMode;
  readonly #gateway: Gateway;
  readonly #files: string;
  readonly #signal: AbortSignal | undefined;
  #position = 0;
  #closed = false;

  private constructor(gateway: Gateway, files: string, path: string, mode: SandboxFileMode, signal?: AbortSignal) {
    this.#gateway = gateway;
    this.#files = files;
    this.path = path;
    this.mode = mode;
    this.#signal = signal;
  }

  /** @internal Opens a file of the sandbox whose path is given. */
  static async open(
    gateway: Gateway,
    sandbox: string,
    path: string,
    mode: SandboxFileMode,
    signal?: AbortSignal,
  ): Promise<SandboxFile> {
    if (!/^[rwax](b?\+?|\+b)$/.test(mode))
      throw invalid(`mode ${JSON.stringify(mode)} must be r, w, a or x, with + and b behind it if need be`);
    const file = new SandboxFile(gateway, `${sandbox}/files`, absolutePath("path", path), mode, signal);
    if (file.#is("r")) await file.#size();
    if (file.#is("w")) await file.#patch({ truncate: 0, create: true });
    if (file.#is("x")) await file.#patch({ offset: 0, create: true, exclusive: true });
    if (file.#is("a")) await file.#patch({ append: true, create: true });
    return file;
  }

  /** So many octets from the position on, or all that follow; text unless the mode has a `b`. Empty at the end. */
  async read(size?: number): Promise<string | Uint8Array> {
    const octets = await this.readBytes(size);
    return this.#is("b") ? octets : textDecoder().decode(octets);
  }

  /** The same as text, whatever the mode. */
  async readText(size?: number): Promise<string> {
    return textDecoder().decode(await this.readBytes(size));
  }

  /** The same as octets, whatever the mode. */
  async readBytes(size?: number): Promise<Uint8Array> {
    this.#check(this.#is("r") || this.#is("+"), "read");
    if (size === 0) return new Uint8Array();
    const end = size === undefined || size < 0 ? "" : this.#position + size - 1;
    const octets = await this.#range(`bytes=${this.#position}-${end}`);
    this.#position += octets.length;
    return octets;
  }

  /** Writes text or octets at the position; with mode `a` at the end, wherever the position is. */
  async write(data: string | Uint8Array): Promise<void> {
    this.#check(!this.#is("r") || this.#is("+"), "write");
    const body = typeof data === "string" ? new TextEncoder().encode(data) : data;
    const place = this.#is("a") ? { append: true } : { offset: this.#position };
    const { offset } = await this.#patch(place, body);
    this.#position = offset + body.length;
  }

  /** Moves the position by so many octets from the start, from where it is, or from the end; resolves with it. */
  async seek(offset: number, whence: SandboxFileWhence = "start"): Promise<number> {
    this.#check(true, "seek");
    const from = whence === "start" ? 0 : whence === "current" ? this.#position : await this.#size();
    const position = from + offset;
    if (!Number.isSafeInteger(position) || position < 0)
      throw invalid(`Cannot seek to ${position} in ${this.path}: a position is a whole number from 0 on`);
    this.#position = position;
    return position;
  }

  /** The position; octets from the start. */
  tell(): number {
    return this.#position;
  }

  /** No-op: what has been written is in the file. */
  async flush(): Promise<void> {
    this.#check(true, "flush");
  }

  /** No operation follows. */
  async close(): Promise<void> {
    this.#closed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #is(part: string): boolean {
    return this.mode.includes(part);
  }

  #check(allowed: boolean, action: string): void {
    if (this.#closed) throw closed(this.path, action);
    if (!allowed) throw invalid(`Cannot ${action} ${this.path}: it is open with mode ${this.mode}`);
  }

  /** Octets of the file; none behind its end. */
  async #range(range: string): Promise<Uint8Array> {
    try {
      return await this.#gateway.octets(this.#get(range));
    } catch (error) {
      if (refusedSize(error) !== undefined) return new Uint8Array();
      throw error;
    }
  }

  /** How long the file is, links followed. Rejects unless it can be read. */
  async #size(): Promise<number> {
    try {
      const reply = await this.#gateway.open(this.#get("bytes=0-0"));
      // One octet, after which the connection can be used again; where there are no ranges, all.
      if (reply.status === partialContent) await collect(reply.body);
      else reply.cancel();
      return Number(/\/(\d+)$/.exec(reply.header("content-range") ?? "")?.[1] ?? 0);
    } catch (error) {
      const size = refusedSize(error);
      if (size === undefined) throw error;
      return size;
    }
  }

  #get(range: string): Operation {
    return { method: "GET", path: this.#files, query: { path: this.path }, headers: { range }, signal: this.#signal };
  }

  #patch(query: Record<string, string | number | boolean>, body?: Uint8Array): Promise<FilePatched> {
    return this.#gateway.json<FilePatched>({
      method: "PATCH",
      path: this.#files,
      query: { path: this.path, ...query },
      body: body ?? new Uint8Array(),
      // The same octets at the same place, but for the end of the file, which moves, and what must not be there yet.
      repeatable: query["append"] !== true && query["exclusive"] !== true,
      signal: this.#signal,
    });
  }
}

function closed(path: string, action: string): ConflictError {
  return new ConflictError("failed_precondition", "file", `Cannot ${action} ${path}: it has been closed`);
}
