import type { KubeObject, ResourceKind } from "../api/meta.ts";
import { ApiError, ConnectionError, SilentWatchError, type Status } from "./api-error.ts";
import type { WatchEvent, WatchOptions } from "./client.ts";
import { asConnectionError, type Connection } from "./connection.ts";
import { lines } from "./lines.ts";
import { pathOf } from "./path.ts";

/** Bookmarks come about once a minute, so a stream without a line for this long is dead. */
const silenceMilliseconds = 90_000;

/**
 * Events after `options.resourceVersion`, until the server closes, which it is asked to do after 5 to 10 minutes. Throws
 * `ApiError` when the server refuses or reports an error within the stream (410: the version is too old),
 * `ConnectionError` when the stream breaks, and `SilentWatchError` when it stays silent for 90 s.
 */
export async function* watch<T extends KubeObject>(
  connection: Connection,
  kind: ResourceKind<T>,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>, void, void> {
  const { namespace, opened, signal, ...selectors } = options;
  const timeoutSeconds = 300 + Math.floor(Math.random() * 300);
  const query = { ...selectors, watch: true, allowWatchBookmarks: true, timeoutSeconds };
  const path = pathOf(kind, { namespace, query });

  const silence = new AbortController();
  const expire = () =>
    silence.abort(new SilentWatchError(`GET ${path} was silent for ${silenceMilliseconds / 1000} s`));
  const timer = setTimeout(expire, silenceMilliseconds);
  const ended = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
  try {
    const response = await connection.send({ method: "GET", path, signal: ended, streaming: true });
    opened?.();
    for await (const line of lines(response.body)) {
      timer.refresh();
      yield parseEvent<T>(line, path);
    }
  } catch (cause) {
    if (cause instanceof ApiError || cause instanceof ConnectionError) throw cause;
    throw asConnectionError(cause, `Cannot go on with GET ${path}`, ended);
  } finally {
    clearTimeout(timer);
  }
}

type RawEvent<T> =
  | { type: "ADDED" | "MODIFIED" | "DELETED"; object: T }
  | { type: "BOOKMARK"; object: KubeObject }
  | { type: "ERROR"; object: Status };

function parseEvent<T extends KubeObject>(line: string, path: string): WatchEvent<T> {
  const event = JSON.parse(line) as RawEvent<T>;
  if (event.type === "ERROR") throw new ApiError(`GET ${path}`, event.object.code ?? 500, event.object);
  if (event.type === "BOOKMARK")
    return { type: "BOOKMARK", resourceVersion: event.object.metadata.resourceVersion ?? "" };
  return event;
}
