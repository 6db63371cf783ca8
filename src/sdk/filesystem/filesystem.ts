import type { FileList, FileInfo as FileView } from "../../api/file.ts";
import { bodyOf } from "../http/body.ts";
import { collect } from "../http/collect.ts";
import type { Gateway, Operation } from "../http/gateway.ts";
import { localFiles } from "#platform";
import type { WaitParams } from "../process/container-process.ts";
import { exactly } from "../streams/exactly.ts";
import { absolutePath } from "../units.ts";
import { download, type Download } from "./download.ts";
import { fileInfoOf, type FileInfo } from "./info.ts";
import { FileWatch, type WatchParams } from "./watch.ts";
import { textDecoder } from "../streams/text-decoder.ts";

export type { FileInfo, FileType } from "./info.ts";
export { FileWatch, type FileWatchEvent, type FileWatchEventType, type WatchParams } from "./watch.ts";

export interface TransferParams extends WaitParams {
  /** Told how many octets have gone, of how many. */
  onProgress?: (done: number, total: number) => void;
}

export interface MakeDirectoryParams extends WaitParams {
  /** Makes those that it is in as well, and minds no directory that is there. So by default. */
  createParents?: boolean;
}

export interface RemoveParams extends WaitParams {
  /** A directory with all that is in it. */
  recursive?: boolean;
}

/** Octets as a parameter. */
export type Octets = Uint8Array | ArrayBuffer;

/** Files inside a sandbox. Paths are absolute; errors are of the class `SandboxFilesystemError`. */
export class SandboxFilesystem {
  readonly #gateway: () => Gateway;
  readonly #path: string;

  /** @internal `path` is the sandbox's. */
  constructor(gateway: () => Gateway, path: string) {
    this.#gateway = gateway;
    this.#path = `${path}/files`;
  }

  /** Copies a local file into the sandbox. Directories that are missing there are made. */
  async copyFromLocal(localPath: string, remotePath: string, params: TransferParams = {}): Promise<void> {
    const { read } = await localFiles();
    const { size, octets, mode } = await read(localPath, params.onProgress);
    const headers = { "content-length": String(size) };
    await this.#run({
      ...this.#at("PUT", "", remotePath, { mode }),
      headers,
      body: octets,
      signal: params.signal,
    });
  }

  /** Copies a file out of the sandbox. Local directories that are missing are made; what is there is replaced once all has come. */
  async copyToLocal(remotePath: string, localPath: string, params: TransferParams = {}): Promise<void> {
    const { write } = await localFiles();
    await write(localPath, () => this.#download(remotePath, params), params.onProgress);
  }

  /** What is in a directory, sorted by name. */
  async listFiles(remotePath: string, { signal }: WaitParams = {}): Promise<FileInfo[]> {
    const files: FileInfo[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#gateway().json<FileList>({
        ...this.#at("GET", "/list", remotePath, { cursor }),
        signal,
      });
      files.push(...page.items.map(fileInfoOf));
      cursor = page.cursor;
    } while (cursor !== undefined);
    return files;
  }

  /** Makes a directory, by default with those that it is in. */
  async makeDirectory(remotePath: string, { createParents = true, signal }: MakeDirectoryParams = {}): Promise<void> {
    const operation = this.#at("POST", "/mkdir", remotePath, { parents: createParents });
    await this.#run({ ...operation, repeatable: createParents, signal });
  }

  /** All of a file, as octets. */
  async readBytes(remotePath: string, { signal }: WaitParams = {}): Promise<Uint8Array> {
    return await collect(this.readStream(remotePath, signal === undefined ? {} : { signal }));
  }

  /** All of a file, as text: UTF-8, with U+FFFD for what is none. */
  async readText(remotePath: string, params?: WaitParams): Promise<string> {
    return textDecoder().decode(await this.readBytes(remotePath, params));
  }

  /** The contents of a file as they come, from an offset on. */
  async *readStream(
    remotePath: string,
    { offset = 0, signal }: WaitParams & { offset?: number } = {},
  ): AsyncGenerator<Uint8Array, void, void> {
    yield* (await this.#download(remotePath, { signal }, offset)).octets;
  }

  /** Removes a file, or a directory if it is empty. Links are not followed. */
  async remove(remotePath: string, { recursive = false, signal }: RemoveParams = {}): Promise<void> {
    const operation = this.#at("DELETE", "", remotePath, { recursive });
    await this.#run({ ...operation, doneWhen: "not_found", signal });
  }

  /** Describes a file or directory; a symbolic link itself. */
  async stat(remotePath: string, { signal }: WaitParams = {}): Promise<FileInfo> {
    return fileInfoOf(await this.#gateway().json<FileView>({ ...this.#at("GET", "/stat", remotePath), signal }));
  }

  /**
   * What happens to a file or in a directory, until `timeoutMs` are over or the iteration is left. It begins with the iteration, or
   * with a look at `ready`.
   */
  watch(remotePath: string, params: WatchParams = {}): FileWatch {
    return new FileWatch(this.#gateway(), this.#path, absolutePath("remotePath", remotePath), params);
  }

  /** Writes a file: it has its old contents until it has all of the new. Directories that are missing are made. */
  async writeBytes(data: Octets, remotePath: string, { signal }: WaitParams = {}): Promise<void> {
    if (!(data instanceof Uint8Array) && !(data instanceof ArrayBuffer))
      throw new TypeError(`data must be a Uint8Array or an ArrayBuffer, got ${typeof data}`);
    const body = data instanceof Uint8Array ? data : new Uint8Array(data);
    await this.#run({ ...this.#at("PUT", "", remotePath), body, signal });
  }

  /** Writes a file of text, as UTF-8. */
  async writeText(data: string, remotePath: string, { signal }: WaitParams = {}): Promise<void> {
    if (typeof data !== "string") throw new TypeError(`data must be a string, got ${typeof data}`);
    await this.#run({ ...this.#at("PUT", "", remotePath), body: new TextEncoder().encode(data), signal });
  }

  /** Writes a file from a stream, which is read once: what breaks off leaves the file as it was. */
  async writeStream(data: AsyncIterable<Uint8Array>, remotePath: string, { signal }: WaitParams = {}): Promise<void> {
    await this.#run({ ...this.#at("PUT", "", remotePath), body: () => data, repeatable: false, signal });
  }

  /**
   * Writes a stream into a file in place, from an offset on, and makes the file with these permissions (octal) if it is missing.
   * When it breaks off, what had come so far is there: `stat` says how much. A stream of another `size` than is given is such a
   * break; to know it, in octets, saves work.
   */
  async writeStreamAt(
    data: AsyncIterable<Uint8Array>,
    remotePath: string,
    { offset, mode, size, signal }: WaitParams & { offset: number; mode?: string; size?: number },
  ): Promise<void> {
    const operation = this.#at("PATCH", "", remotePath, { offset, create: true, mode });
    const sized =
      size === undefined
        ? { body: () => data }
        : { body: () => exactly(size, data), headers: { "content-length": String(size) } };
    await this.#run({ ...operation, ...sized, repeatable: false, signal });
  }

  /** Gives a file or directory another path in its file system; a file that is there is replaced. */
  async rename(remotePath: string, newPath: string, { signal }: WaitParams = {}): Promise<void> {
    const to = absolutePath("newPath", newPath);
    await this.#run({ ...this.#at("POST", "/rename", remotePath, { to }), repeatable: false, signal });
  }

  /** A file or directory tree as tar, with owners, modes and links. */
  async *readArchive(remotePath: string, { signal }: WaitParams = {}): AsyncGenerator<Uint8Array, void, void> {
    yield* bodyOf(await this.#gateway().open({ ...this.#at("GET", "/archive", remotePath), signal }));
  }

  /** Unpacks a tar into a directory, which is made if it is missing. `noOwners` lets all belong to the sandbox's user. */
  async writeArchive(
    tar: AsyncIterable<Uint8Array>,
    remotePath: string,
    { noOwners = false, signal }: WaitParams & { noOwners?: boolean } = {},
  ): Promise<void> {
    const operation = this.#at("PUT", "/archive", remotePath, { noOwners });
    await this.#run({
      ...operation,
      headers: { "content-type": "application/x-tar" },
      body: () => tar,
      repeatable: false,
      signal,
    });
  }

  #at(
    method: Operation["method"],
    operation: string,
    remotePath: string,
    query: NonNullable<Operation["query"]> = {},
  ): Operation {
    const path = absolutePath("remotePath", remotePath);
    return { method, path: `${this.#path}${operation}`, query: { path, ...query } };
  }

  #run(operation: Operation): Promise<void> {
    return this.#gateway().run(operation);
  }

  #download(remotePath: string, { signal }: { signal?: AbortSignal | undefined }, offset?: number): Promise<Download> {
    return download(this.#gateway(), { ...this.#at("GET", "", remotePath), signal }, offset);
  }
}
