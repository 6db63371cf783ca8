import type { FileEvent } from "../../api/file.ts";
import { backoff } from "../../lib/backoff.ts";
import { sleep } from "../../lib/sleep.ts";
import { anyOf } from "../any-of.ts";
import { bodyOf } from "../http/body.ts";
import type { Gateway } from "../http/gateway.ts";
import { linesOf } from "../http/lines.ts";
import { ConnectionError, type TransportReply } from "../http/transport.ts";

/** A kind of event. `Unknown`: some were lost, look again. */
export type FileWatchEventType = "Access" | "Create" | "Modify" | "Remove" | "Unknown";

export interface FileWatchEvent {
  readonly eventType: FileWatchEventType;
  /** What it happened to. A rename is a `Modify` with the old and the new path, or with the one that is watched. */
  readonly paths: string[];
}

export interface WatchParams {
  /** Only events of these kinds; an empty list gives none. All but `Access` when missing. */
  filter?: readonly FileWatchEventType[];
  /** Also what happens in the directories below. */
  recursive?: boolean;
  /** Ends after this long, without an error; milliseconds. */
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
}

const kinds: Readonly<Record<FileEvent["type"], FileWatchEventType | undefined>> = {
  access: "Access",
  create: "Create",
  modify: "Modify",
  rename: "Modify",
  delete: "Remove",
  overflow: "Unknown",
  heartbeat: undefined,
};

const delays = { first: 100, most: 2_000 };

/** What happens to a file or in a directory. Begins when it is iterated first, or waited for; ends when that is left. */
export class FileWatch implements AsyncIterable<FileWatchEvent> {
  readonly #gateway: Gateway;
  readonly #path: string;
  readonly #file: string;
  readonly #params: WatchParams;
  readonly #end: number;
  readonly #over = new AbortController();
  #begun: Promise<TransportReply> | undefined;

  /** @internal `path` is that of the sandbox's files, `file` what is watched. */
  constructor(gateway: Gateway, path: string, file: string, params: WatchParams) {
    this.#gateway = gateway;
    this.#path = path;
    this.#file = file;
    this.#params = params;
    this.#end = params.timeoutMs === undefined ? Infinity : performance.now() + params.timeoutMs;
  }

  /** Resolves once nothing is missed any more. */
  get ready(): Promise<void> {
    return this.#isReady();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FileWatchEvent, void, void> {
    const { filter } = this.#params;
    if (filter?.length === 0 || this.#params.timeoutMs === 0) return;
    try {
      for (let attempt = 0; performance.now() < this.#end; attempt++) {
        try {
          const reply = await this.#begin();
          if (attempt > 0 && (filter?.includes("Unknown") ?? true)) yield { eventType: "Unknown", paths: [this.#file] };
          for await (const line of linesOf(bodyOf(reply))) {
            attempt = 0;
            const { type, paths } = JSON.parse(line) as FileEvent;
            const eventType = kinds[type];
            if (eventType !== undefined && (filter?.includes(eventType) ?? true)) yield { eventType, paths };
          }
        } catch (error) {
          if (!(error instanceof ConnectionError)) throw error;
        }
        this.#begun = undefined;
        if (attempt > 0) await sleep(backoff(attempt, delays), this.#params.signal);
      }
    } finally {
      this.#over.abort();
    }
  }

  async #isReady(): Promise<void> {
    const reply = await this.#begin();
    // Until somebody waits for what happens.
    reply.keepAlive?.(false);
  }

  #begin(): Promise<TransportReply> {
    this.#begun ??= this.#open();
    return this.#begun;
  }

  #open(): Promise<TransportReply> {
    const { filter, recursive, signal } = this.#params;
    const left = (this.#end - performance.now()) / 1000;
    const query = {
      path: this.#file,
      recursive,
      types: filter === undefined ? undefined : typesFor(filter).join(","),
      timeoutSeconds: Math.max(0, Math.min(left, longest)),
    };
    const over = this.#over.signal;
    return this.#gateway.open({
      method: "GET",
      path: `${this.#path}/watch`,
      query,
      // It begins at once; what it is given is how long it lasts.
      answersWithin: replyMilliseconds,
      signal: anyOf(signal, over),
    });
  }
}

/** How long a sandbox may take to start, and its agent to begin; milliseconds. */
const replyMilliseconds = 340_000;
/** The longest that one request may watch; seconds. */
const longest = 600;

/** The gateway's kinds of event that become these. What was lost is always told. */
function typesFor(filter: readonly FileWatchEventType[]): string[] {
  return (Object.keys(kinds) as FileEvent["type"][]).filter((type) => {
    const kind = kinds[type];
    return kind !== undefined && type !== "overflow" && filter.includes(kind);
  });
}
