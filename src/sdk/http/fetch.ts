import { browserWebSocket } from "./browser-web-socket.ts";
import { ConnectionError, type Transport, type TransportReply, type TransportRequest } from "./transport.ts";

export interface FetchOptions {
  /** `https://host:port`, perhaps with a path in front of `/v1`. */
  url: string;
  /** The bearer token, asked for with every request. */
  token?: () => string | Promise<string>;
  /** Default: the platform's. */
  fetch?: typeof globalThis.fetch;
  /** Whether `fetch` sends streams as they come; otherwise they are collected first. Default: everywhere but in browsers, which do so over HTTP/2 alone. */
  streams?: boolean;
}

/** The way to a gateway over `fetch` and `WebSocket`, which needs no modules of Node. */
export function fetchTransport(options: FetchOptions): Transport {
  const { token, fetch = globalThis.fetch, streams = "process" in globalThis } = options;
  const base = options.url.replace(/\/+$/, "");

  return {
    async request({ method, path, headers, body, signal }) {
      const given = await token?.();
      const sent = streams ? body : await collected(body);
      const action = `${method} ${path}`;
      try {
        const response = await fetch(base + path, {
          method,
          headers: { ...headers, ...(given !== undefined && { authorization: `Bearer ${given}` }) },
          ...(sent !== undefined && { body: bodyInit(sent) }),
          ...(typeof sent === "object" && Symbol.asyncIterator in sent && { duplex: "half" }),
          ...(signal && { signal }),
        });
        return replyOf(response, action, signal);
      } catch (cause) {
        throw failureOf(action, cause, signal);
      }
    },
    webSocket: async (path, protocol, _refusal, signal) =>
      await browserWebSocket({ url: base + path, protocol, token: await token?.() }, signal),
    // The platform keeps the connections.
    close: () => {},
  };
}

async function collected(body: TransportRequest["body"]): Promise<string | Uint8Array | undefined> {
  if (typeof body !== "object" || body instanceof Uint8Array) return body;
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of body) pieces.push(new Uint8Array(piece));
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

function bodyInit(body: NonNullable<TransportRequest["body"]>): RequestInit["body"] & {} {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? new Uint8Array(body) : ReadableStream.from(body);
}

function replyOf(response: Response, action: string, signal?: AbortSignal): TransportReply {
  const reader = response.body?.getReader();
  const cancel = () => void reader?.cancel().catch(() => {});
  return {
    status: response.status,
    header: (name) => response.headers.get(name) ?? undefined,
    body: chunks(reader, action, signal),
    cancel,
  };
}

async function* chunks(
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined,
  action: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) return;
      yield value;
    }
  } catch (cause) {
    throw failureOf(action, cause, signal);
  } finally {
    // Nothing happens where it has ended.
    reader.cancel().catch(() => {});
  }
}

/** What broke a request or a reply: the signal's reason if it was us, else a `ConnectionError`. */
function failureOf(action: string, cause: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  const said = cause instanceof Error ? cause.message : String(cause);
  const why = cause instanceof Error && cause.cause instanceof Error ? `${said}: ${cause.cause.message}` : said;
  const hint =
    "document" in globalThis ? "; the console says whether the gateway does not let pages of this origin call it" : "";
  return new ConnectionError(`The connection to the gateway failed at ${action}: ${why}${hint}`, { cause });
}
