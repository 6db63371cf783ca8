import { buffer } from "node:stream/consumers";
import { sleep } from "../../src/lib/sleep.ts";
import type { Answer, GatewayClient, Method } from "../support/gateway-client.ts";

/** A request of one sandbox, by what comes behind its id. */
export interface Ask {
  method: Method;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** An answer, and how often it was asked for: one that changed something may find it changed. */
export interface Patient {
  status: number;
  octets: Buffer;
  json: unknown;
  attempts: number;
}

/** The longest that one attempt may take: a gateway that was killed leaves connections open on which nothing comes. */
const attemptMilliseconds = 10_000;
/** The longest that all attempts may take. */
const patienceMilliseconds = 90_000;

/**
 * What a client does for which nothing may be lost: asks again when the connection broke or the sandbox was out of reach,
 * and reads on from where it was.
 */
export class PatientClient {
  /** Attempts that had to be made again. */
  again = 0;
  readonly #gateway: GatewayClient;
  readonly #sandbox: string;

  constructor(gateway: GatewayClient, id: string) {
    this.#gateway = gateway;
    this.#sandbox = `/sandboxes/${id}`;
  }

  /** The first answer that is not about a connection or a link; so the request must be one that may be repeated. */
  ask(ask: Ask): Promise<Patient> {
    return this.#untilDone(async (signal) => {
      const { status, octets, json } = await this.#send(ask, signal);
      return status === 503 ? undefined : { status, octets, json };
    });
  }

  /** All of an output stream, read on from the last octet that came. */
  async readOutput(path: string): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let offset = 0;
    await this.#untilDone(async (signal) => {
      const query = `?offset=${offset}`;
      const { statusCode, headers, body } = await this.#gateway.open(
        "GET",
        `${this.#sandbox}${path}${query}`,
        undefined,
        {},
        signal,
      );
      if (statusCode !== 200) {
        const refusal = (await buffer(body)).toString();
        if (statusCode === 503) return undefined;
        throw new Error(`${path}${query} answered ${statusCode}: ${refusal}`);
      }
      if (headers["sandkeep-offset"] !== String(offset))
        throw new Error(`${path}${query} starts at ${String(headers["sandkeep-offset"])}`);
      for await (const chunk of body as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        offset += chunk.length;
      }
      return {};
    });
    return Buffer.concat(chunks);
  }

  #send({ method, path, body, headers }: Ask, signal: AbortSignal): Promise<Answer> {
    return this.#gateway.send(method, `${this.#sandbox}${path}`, body, headers, signal);
  }

  async #untilDone<T extends object>(
    attempt: (signal: AbortSignal) => Promise<T | undefined>,
  ): Promise<T & { attempts: number }> {
    const end = performance.now() + patienceMilliseconds;
    for (let attempts = 1; ; attempts++) {
      try {
        const done = await attempt(AbortSignal.timeout(attemptMilliseconds));
        if (done !== undefined) return { ...done, attempts };
      } catch (error) {
        if (!isBroken(error) || performance.now() > end) throw error;
      }
      if (performance.now() > end) throw new Error(`The sandbox was out of reach for ${patienceMilliseconds} ms`);
      this.again++;
      await sleep(50);
    }
  }
}

/** Whether the connection failed, rather than what was asked or answered. */
function isBroken(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return error.name === "TimeoutError" || /^(UND_ERR_|ECONN|EPIPE|EHOSTUNREACH)/.test(code ?? "");
}
