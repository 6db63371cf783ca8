import type { FileEvent } from "../../api/file.ts";
import type { TransportReply } from "../http/transport.ts";
import { Broadcast } from "./broadcast.ts";
import type { FileTree } from "./file-tree.ts";
import { frames, json, nothing, octets, refused } from "./replies.ts";
import type { MockRequest } from "./request.ts";

/** Requests about the files of one sandbox. */
export class FileRoutes {
  readonly #files: FileTree;
  readonly #events = new Broadcast<FileEvent>();

  constructor(files: FileTree) {
    this.#files = files;
    files.onEvent = (event) => this.#events.tell(event);
  }

  /** `operation` is what follows `files/` in the path. Throws the errors of the gateway. */
  async answer(operation: string, request: MockRequest): Promise<TransportReply> {
    const { method, query } = request;
    const files = this.#files;
    const path = query.get("path") ?? "";
    switch (`${method} ${operation}`) {
      case "GET ":
        return ranged(files.read(path), request.header("range"));
      case "PUT ":
        files.write(path, await request.octets(), modeIn(query.get("mode")));
        return nothing();
      case "PATCH ":
        return json(files.patch(path, await request.octets(), patchOptions(query)));
      case "DELETE ":
        files.remove(path, query.get("recursive") === "true");
        return nothing();
      case "GET stat":
        return json(files.stat(path));
      case "GET list":
        return json({ items: files.list(path) });
      case "POST mkdir":
        files.makeDirectory(path, query.get("parents") === "true");
        return nothing();
      case "POST rename":
        files.rename(path, query.get("to") ?? "");
        return nothing();
      case "GET watch":
        return this.#watch(path, request);
      default:
        throw refused("not_supported", "request", `The mock cannot ${method} files/${operation}`);
    }
  }

  #watch(path: string, { query, signal }: MockRequest): TransportReply {
    const isDirectory = this.#files.stat(path).type === "directory";
    const base = isDirectory ? `${path.replace(/\/+$/, "")}/` : path;
    const recursive = query.get("recursive") === "true";
    const types = query.get("types")?.split(",");
    const isMeant = ({ type, paths: [changed = ""] }: FileEvent) =>
      (types?.includes(type) ?? true) &&
      (isDirectory
        ? changed.startsWith(base) && (recursive || !changed.slice(base.length).includes("/"))
        : changed === path);
    const events = this.#events.listen(Number(query.get("timeoutSeconds") ?? Infinity) * 1000, signal);
    return frames(only(events, isMeant));
  }
}

async function* only<T>(values: AsyncIterable<T>, isMeant: (value: T) => boolean): AsyncGenerator<T, void, void> {
  for await (const value of values) if (isMeant(value)) yield value;
}

function patchOptions(query: URLSearchParams) {
  return {
    offset: numberIn(query.get("offset")),
    append: query.get("append") === "true",
    truncate: numberIn(query.get("truncate")),
    create: query.get("create") === "true",
    mode: modeIn(query.get("mode")),
    exclusive: query.get("exclusive") === "true",
  };
}

function ranged(data: Uint8Array, range: string | undefined): TransportReply {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  if (from === undefined) return octets(data);
  const first = Number(from);
  const size = data.length;
  if (first >= size) throw refused("invalid_argument", "file", `The file has ${size} octets`, { size });
  const last = to ? Math.min(Number(to), size - 1) : size - 1;
  return octets(data.slice(first, last + 1), 206, { "content-range": `bytes ${first}-${last}/${size}` });
}

function numberIn(text: string | null): number | undefined {
  return text === null ? undefined : Number(text);
}

function modeIn(text: string | null): number | undefined {
  return text === null ? undefined : Number.parseInt(text, 8);
}
