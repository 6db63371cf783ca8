/** One HTTP request to the gateway. */
export interface TransportRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path and query, beginning with `/v1/`. */
  path: string;
  headers?: Readonly<Record<string, string>>;
  /** A stream is read once; nothing of it is kept. */
  body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Aborted, the request and the reading of its reply reject with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** The head of a reply, and its body as it comes. The body must be read to its end, left by `break`, or cancelled. */
export interface TransportReply {
  status: number;
  /** The value of a header, whatever the case of its name. */
  header: (name: string) => string | undefined;
  body: AsyncIterable<Uint8Array>;
  /** Gives the body up. */
  cancel: () => void;
  /** Whether the program is kept alive by what is still to come of the body, as it is from the beginning. */
  keepAlive?: (whether: boolean) => void;
}

/** Messages to and from a port or process, over one WebSocket. */
export interface TransportSocket {
  /** Resolves once the message is on its way; waits while too much is. */
  send: (message: Uint8Array) => Promise<void>;
  /** Messages as they come, until it is closed with 1000; any other end throws a `ConnectionError` that says how it closed. */
  messages: AsyncIterable<Uint8Array>;
  /** Whether the program is kept alive by what may still come, as it is from the beginning. */
  keepAlive?: (whether: boolean) => void;
  close: () => void;
}

/** How a client reaches the gateway: adds the bearer token, and keeps connections for the next request. Idle ones keep no program alive. */
export interface Transport {
  /** Resolves with the head of the reply, whatever its status. Rejects with a `ConnectionError` when there is none. */
  request: (request: TransportRequest) => Promise<TransportReply>;
  /** Opens a WebSocket of this subprotocol; a reply that refuses it rejects with what `refusal` makes of it. */
  webSocket?: (
    path: string,
    protocol: string,
    refusal: (reply: TransportReply) => Promise<Error>,
    signal?: AbortSignal,
  ) => Promise<TransportSocket>;
  /** Closes idle connections; those in use go when they are done. */
  close: () => void;
}

/** A way to the gateway, and the namespace to work in unless another is asked for. */
export interface Connection {
  transport: Transport;
  namespace: string;
}

/** How a WebSocket was closed; the codes are in docs/http-api.md. */
export interface Closed {
  code: number;
  reason: string;
}

/** The connection failed or broke off; whether the request was carried out is not known. */
export class ConnectionError extends Error {
  override readonly name: string = "ConnectionError";
  /** Of a WebSocket that was closed before its end. */
  readonly closed: Closed | undefined;

  constructor(message: string, options: { cause?: unknown; closed?: Closed } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.closed = options.closed;
  }
}
