import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { Agent, request } from "undici";
import { lines as textLines } from "../../../src/kube/lines.ts";
import { waitFor } from "../../support/wait-for.ts";

const main = join(import.meta.dirname, "../../../src/main.ts");

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  json: unknown;
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface SendOptions {
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** A gateway as users run it: a process of its own, reached over TLS. */
export interface GatewayProcess extends AsyncDisposable {
  readonly url: string;
  /** Lines that it has logged so far. */
  readonly lines: string[];
  send(method: Method, path: string, options?: SendOptions): Promise<Answer>;
  /** Resolves once a reply of lines has begun; gives each as it comes. */
  follow(path: string, token: string, signal: AbortSignal): Promise<AsyncGenerator<string, void, void>>;
  /** From the plain port beside the API. */
  sendPlain(path: string): Promise<Answer>;
  signal(name: NodeJS.Signals): void;
  /** The exit code, once it has ended. */
  readonly ended: Promise<number | null>;
}

/** Starts a gateway with this kubeconfig; resolves when it serves and its stores are filled. */
export async function startGateway(kubeconfig: string, env: NodeJS.ProcessEnv = {}): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [main, "gateway"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      SANDKEEP_KUBECONFIG: kubeconfig,
      SANDKEEP_GATEWAY_HOST: "127.0.0.1",
      SANDKEEP_GATEWAY_PORT: "0",
      SANDKEEP_METRICS_PORT: "0",
      SANDKEEP_LOG_LEVEL: "debug",
      ...env,
    },
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const lines: string[] = [];
  createInterface(child.stdout).on("line", (line) => void lines.push(line));
  const serving = await waitFor("the gateway to serve", () => {
    if (child.exitCode !== null) throw new Error(`The gateway ended with ${child.exitCode}: ${lines.join("\n")}`);
    const line = lines.find((text) => text.includes('"msg":"serving"'));
    return line === undefined ? undefined : (JSON.parse(line) as { port: number; metricsPort: number });
  });
  const agent = new Agent({ connect: { rejectUnauthorized: false }, bodyTimeout: 0, headersTimeout: 0 });

  const url = `https://127.0.0.1:${serving.port}`;
  const gateway: GatewayProcess = {
    url,
    lines,
    ended,
    send: (method, path, options) => sendTo(agent, url + path, method, options),
    async follow(path, token, signal) {
      const headers = { authorization: `Bearer ${token}` };
      const url = `https://127.0.0.1:${serving.port}${path}`;
      const { body, statusCode } = await request(url, { dispatcher: agent, headers, signal });
      if (statusCode !== 200) throw new Error(`The gateway answered ${statusCode}: ${await body.text()}`);
      return textLines(body);
    },
    sendPlain: (path) => sendTo(agent, `http://127.0.0.1:${serving.metricsPort}${path}`, "GET"),
    signal: (name) => void child.kill(name),
    async [Symbol.asyncDispose]() {
      await agent.destroy();
      child.kill("SIGTERM");
      await ended;
    },
  };
  await waitFor("the gateway to be ready", async () => (await gateway.send("GET", "/readyz")).status === 200);
  return gateway;
}

async function sendTo(
  dispatcher: Agent,
  url: string,
  method: Method,
  { token, body, headers }: SendOptions = {},
): Promise<Answer> {
  const answer = await request(url, {
    dispatcher,
    method,
    headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await answer.body.text();
  const isJson = String(answer.headers["content-type"]).includes("json");
  return { status: answer.statusCode, headers: answer.headers, text, json: isJson ? JSON.parse(text) : undefined };
}
