import { Readable } from "node:stream";
import { Agent, request } from "undici";
import type { WebSocket } from "ws";
import type { Exec, ExecFrame } from "../../src/api/process.ts";
import type { CreateSandboxInput, SandboxView } from "../../src/api/sandbox-http.ts";
import { lines } from "../../src/kube/lines.ts";
import type { Installed } from "./installed.ts";
import { openWebSocket, type Refused } from "./web-socket.ts";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One answer of the gateway; `body` is parsed where it is JSON. */
export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  octets: Buffer;
  json: unknown;
}

/** How a command went: output per stream and how it ended. */
export interface Outcome {
  stdout: string;
  stderr: string;
  code: number | undefined;
}

/** Talks to the gateway as one user, in one namespace. */
export class GatewayClient implements AsyncDisposable {
  readonly #certificate: string;
  readonly #gateway: string;
  readonly #base: string;
  readonly #token: string;
  #agent: Agent;

  constructor({ gateway, certificate }: Installed, namespace: string, token: string) {
    this.#certificate = certificate;
    this.#agent = this.#newAgent();
    this.#gateway = gateway;
    this.#base = `/v1/namespaces/${namespace}`;
    this.#token = token;
  }

  /** Gives up all connections, which a gateway that was killed may leave open without an end, and what waits on them. */
  async reconnect(): Promise<void> {
    const last = this.#agent;
    this.#agent = this.#newAgent();
    await last.destroy();
  }

  /** Sends any request below the namespace: text and octets as they are, other bodies as JSON. */
  send(
    method: Method,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<Answer> {
    return this.sendTo(method, `${this.#base}${path}`, body, headers, signal);
  }

  /** The same for any path of the gateway. */
  async sendTo(
    method: Method,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const answer = await this.#request(method, path, body, headers, signal);
    const octets = Buffer.from(await answer.body.arrayBuffer());
    const text = octets.toString();
    return { status: answer.statusCode, headers: answer.headers, text, octets, json: parsed(text) };
  }

  /** The same, resolved once the reply begins. Its body must be read to the end, or the signal aborted. */
  open(method: Method, path: string, body?: unknown, headers?: Record<string, string>, signal?: AbortSignal) {
    return this.#request(method, `${this.#base}${path}`, body, headers, signal);
  }

  /** Resolves once a reply of lines, to a POST if there is a body, has begun; gives each as it comes. Whoever stops reading ends it. */
  async follow(path: string, body?: unknown): Promise<AsyncGenerator<string, void, void>> {
    const reply = await this.#request(body === undefined ? "GET" : "POST", `${this.#base}${path}`, body);
    if (reply.statusCode !== 200)
      throw new Error(`The gateway answered ${reply.statusCode}: ${await reply.body.text()}`);
    return lines(reply.body);
  }

  /** Opens a WebSocket below the namespace, or gives the reply that refused it. The token is in the header unless others are given. */
  openWebSocket(path: string, protocols: string[], headers?: Record<string, string>): Promise<WebSocket | Refused> {
    return this.openWebSocketTo(`${this.#base}${path}`, protocols, headers);
  }

  /** The same for any path of the gateway. */
  openWebSocketTo(
    path: string,
    protocols: string[],
    headers: Record<string, string> = { authorization: `Bearer ${this.#token}` },
  ): Promise<WebSocket | Refused> {
    const url = `${this.#gateway.replace(/^http/, "ws")}${path}`;
    return openWebSocket(url, protocols, { headers, ca: this.#certificate });
  }

  /** Creates a sandbox; resolves when it has come as far as `wait`. */
  async create(body: CreateSandboxInput, wait?: "started" | "ready" | "finished"): Promise<SandboxView> {
    const path = `/sandboxes${wait === undefined ? "" : `?wait=${wait}`}`;
    return expectSandbox(await this.send("POST", path, body), 201);
  }

  async get(id: string, query = ""): Promise<SandboxView> {
    return expectSandbox(await this.send("GET", `/sandboxes/${id}${query}`), 200);
  }

  /** Runs a command to its end. */
  async exec(id: string, body: Exec): Promise<Outcome> {
    const answer = await this.send("POST", `/sandboxes/${id}/exec`, body);
    if (answer.status !== 200) throw new Error(`exec answered ${answer.status}: ${answer.text}`);
    return outcomeOf(answer.text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }

  #request(
    method: Method,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
    signal: AbortSignal | null = null,
  ) {
    return request(`${this.#gateway}${path}`, {
      dispatcher: this.#agent,
      method,
      signal,
      headers: { ...headers, authorization: `Bearer ${this.#token}` },
      ...(body !== undefined && {
        body: isOctets(body) ? body : JSON.stringify(body),
      }),
    });
  }

  #newAgent(): Agent {
    return new Agent({ connect: { ca: this.#certificate }, bodyTimeout: 0, headersTimeout: 0 });
  }
}

function isOctets(body: unknown): body is string | Buffer | Readable {
  return typeof body === "string" || body instanceof Buffer || body instanceof Readable;
}

/** What the frames of an `exec` reply say together. */
export function outcomeOf(text: string): Outcome {
  const outcome: Outcome = { stdout: "", stderr: "", code: undefined };
  for (const line of text.split("\n").filter((frame) => frame !== "")) {
    const frame = JSON.parse(line) as ExecFrame;
    if ("stream" in frame) outcome[frame.stream] += Buffer.from(frame.data, "base64").toString();
    if ("exit" in frame) outcome.code = frame.exit.code;
  }
  return outcome;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function expectSandbox({ status, text, json }: Answer, wanted: number): SandboxView {
  if (status !== wanted) throw new Error(`The gateway answered ${status} instead of ${wanted}: ${text}`);
  return json as SandboxView;
}
