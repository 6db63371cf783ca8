import { Agent, request } from "undici";
import type { Exec, ExecFrame } from "../../src/api/process.ts";
import type { CreateSandboxInput, SandboxView } from "../../src/api/sandbox-http.ts";
import type { Installed } from "./installed.ts";

/** One answer of the gateway; `body` is parsed where it is JSON. */
export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
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
  readonly #base: string;
  readonly #token: string;
  #agent: Agent;

  constructor({ gateway, certificate }: Installed, namespace: string, token: string) {
    this.#certificate = certificate;
    this.#agent = this.#newAgent();
    this.#base = `${gateway}/v1/namespaces/${namespace}`;
    this.#token = token;
  }

  /** Gives up all connections, which a gateway that was killed may leave open without an end, and what waits on them. */
  async reconnect(): Promise<void> {
    const last = this.#agent;
    this.#agent = this.#newAgent();
    await last.destroy();
  }

  /** Sends any request below the namespace. */
  async send(method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: unknown): Promise<Answer> {
    const {
      statusCode,
      headers,
      body: stream,
    } = await request(`${this.#base}${path}`, {
      dispatcher: this.#agent,
      method,
      headers: { authorization: `Bearer ${this.#token}` },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await stream.text();
    return { status: statusCode, headers, text, json: parsed(text) };
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

  #newAgent(): Agent {
    return new Agent({ connect: { ca: this.#certificate }, bodyTimeout: 0, headersTimeout: 0 });
  }
}

/** What the frames of an `exec` reply say together. */
export function outcomeOf(lines: string): Outcome {
  const outcome: Outcome = { stdout: "", stderr: "", code: undefined };
  for (const line of lines.split("\n").filter((text) => text !== "")) {
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
