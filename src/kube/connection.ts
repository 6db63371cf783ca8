import { createSecureContext } from "node:tls";
import { KubeConfig } from "@kubernetes/client-node";
import { Agent, buildConnector, type Dispatcher } from "undici";
import { apiError, ConnectionError } from "./api-error.ts";
import { CredentialSource, type Credentials } from "./credentials.ts";
import { requests, requestSeconds, resourceOf } from "./metrics.ts";
import { sleep } from "../lib/sleep.ts";
import { untilAborted } from "./until-aborted.ts";

export interface ConnectOptions {
  /** Path of a kubeconfig. Absent: `$KUBECONFIG`, `~/.kube/config`, or, in a Pod, its service account. */
  kubeconfig?: string;
  /** Uses the Pod's service account, whatever the environment says. */
  inCluster?: boolean;
}

export interface ApiRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Absolute path, escaped, with its query. */
  path: string;
  body?: object;
  /** Of the body; default `application/json`. */
  contentType?: string;
  signal?: AbortSignal | undefined;
  /** The answer goes on for as long as the server likes: watches and followed logs. */
  streaming?: boolean;
}

export type ApiResponse = Dispatcher.ResponseData;

/** Connects to the API server that the options name. Nothing is sent before the first request. */
export function connect(options: ConnectOptions = {}): Connection {
  const config = new KubeConfig();
  if (options.kubeconfig !== undefined) config.loadFromFile(options.kubeconfig);
  else if (options.inCluster) config.loadFromCluster();
  else config.loadFromDefault();
  return new Connection(config);
}

/** One API server and one identity: pools of connections that every part of the process shares. */
export class Connection implements AsyncDisposable {
  /** As `https://10.90.0.2:6443`, perhaps with a path, never with a trailing slash. */
  readonly server: string;
  /** The namespace of the kubeconfig context or of the Pod, else `default`. */
  readonly namespace: string;
  readonly #credentials: CredentialSource;
  readonly #calls: Agent;
  readonly #streams: Agent;

  constructor(config: KubeConfig) {
    this.#credentials = new CredentialSource(config);
    this.server = (config.getCurrentCluster()?.server ?? "").replace(/\/+$/, "");
    this.namespace = config.getContextObject(config.getCurrentContext())?.namespace ?? "default";
    const connector = connectorFor(this.#credentials);
    // Where HTTP/2 is possible, undici opens one connection at a time, to see first what the server speaks.
    const http1 = { connect: connector, allowH2: false, pipelining: 1 };
    const common = { ...http1, keepAliveTimeout: 30_000, headersTimeout: 30_000 };
    this.#calls = new Agent({ ...common, connections: 64, bodyTimeout: 60_000 });
    this.#streams = new Agent({ ...common, bodyTimeout: 0 });
  }

  /**
   * The successful answer to a request, its body not read yet. Rejects with `ApiError` when the server refuses, with
   * `ConnectionError` when it does not answer, and with the signal's reason when aborted. A server that asks for a pause
   * (429 with Retry-After) gets it, up to five times; a refused token is read again once.
   */
  async send(request: ApiRequest): Promise<ApiResponse> {
    let renewed = false;
    for (let attempt = 0; ; attempt++) {
      const response = await this.#sendOnce(request);
      if (response.statusCode < 300) return response;
      const body = await textOf(response, request);
      const retryAfter = Number(response.headers["retry-after"]);
      if (response.statusCode === 401 && !renewed) {
        this.#credentials.forget();
        renewed = true;
      } else if (response.statusCode === 429 && retryAfter > 0 && attempt < 5) {
        await sleep(Math.min(retryAfter, 10) * 1000 * (1 + Math.random() / 4), request.signal);
      } else {
        throw apiError(`${request.method} ${request.path}`, response.statusCode, body);
      }
    }
  }

  /** Headers and TLS settings for connections that are not HTTP requests: the upgrade to a WebSocket. */
  credentials(): Promise<Credentials> {
    return this.#credentials.current();
  }

  /** Reads token and certificates again on next use, after the server refused them. */
  forgetCredentials(): void {
    this.#credentials.forget();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#calls.destroy(), this.#streams.destroy()]);
  }

  async #sendOnce({ method, path, body, contentType, signal, streaming }: ApiRequest): Promise<ApiResponse> {
    const { headers } = await this.#credentials.current();
    const agent = streaming ? this.#streams : this.#calls;
    const { origin, pathname } = new URL(this.server);
    const answered = requestSeconds.startTimer({ method });
    let status = "none";
    try {
      const answer = agent.request({
        origin,
        path: pathname.replace(/\/$/, "") + path,
        method,
        headers: {
          ...headers,
          accept: "application/json",
          "user-agent": "sandkeep",
          ...(body && { "content-type": contentType ?? "application/json" }),
        },
        ...(body && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      });
      // A request that has no connection yet does not heed its signal.
      const response = await untilAborted(answer, signal);
      answered();
      status = String(response.statusCode);
      return response;
    } catch (cause) {
      throw asConnectionError(cause, `Cannot ${method} ${path}`, signal);
    } finally {
      requests.inc({ method, resource: resourceOf(path), status });
    }
  }
}

async function textOf({ body }: ApiResponse, { method, path, signal }: ApiRequest): Promise<string> {
  try {
    return await body.text();
  } catch (cause) {
    throw asConnectionError(cause, `Cannot read the answer to ${method} ${path}`, signal);
  }
}

/** What broke a request: the signal's reason if it was us, else a `ConnectionError` that says what was tried. */
export function asConnectionError(cause: unknown, action: string, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  return new ConnectionError(`${action}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}

/** Opens each connection with the certificates of that moment. */
function connectorFor(source: CredentialSource): buildConnector.connector {
  let made: { credentials: Credentials; connector: buildConnector.connector } | undefined;
  const current = async () => {
    const credentials = await source.current();
    if (made?.credentials !== credentials) {
      // Made once: reading the certificates takes a connection as long as its handshake.
      const secureContext = createSecureContext(credentials.tls);
      const connector = buildConnector({ ...credentials.tls, secureContext, allowH2: false, timeout: 10_000 });
      made = { credentials, connector };
    }
    return made.connector;
  };
  return (options, connected) => {
    current()
      .then((connector) => connector(options, connected))
      .catch((cause: unknown) => connected(cause instanceof Error ? cause : new Error(String(cause)), null));
  };
}
