import { errorCodes, SandkeepError, type ErrorBody } from "../../api/errors.ts";
import { backoff } from "../../lib/backoff.ts";
import { sleep } from "../../lib/sleep.ts";
import { errorFrom, InternalFailure, UnavailableError } from "../errors.ts";
import { collect } from "./collect.ts";
import { ConnectionError, type Connection, type TransportReply, type TransportRequest } from "./transport.ts";

type Value = string | number | boolean | readonly string[] | undefined;

/** One operation of the gateway. */
export interface Operation {
  method: TransportRequest["method"];
  /** Below the namespace, beginning with a slash. */
  path: string;
  /** Members that are undefined are left out; a list is a parameter that is repeated. */
  query?: Readonly<Record<string, Value>>;
  headers?: Readonly<Record<string, string>>;
  /** The body, as JSON. */
  json?: unknown;
  /** The body, as it is. A function is asked for it anew with every attempt. */
  body?: string | Uint8Array | (() => AsyncIterable<Uint8Array>) | undefined;
  /** Whether it may be carried out twice. By default GET, PUT and DELETE may. */
  repeatable?: boolean;
  /** What the error of a repeated attempt has as its code when the attempt before had done it after all. */
  doneWhen?: ErrorBody["code"];
  /**
   * How long the reply takes at most to begin, in milliseconds, where that is known. A longer silence is that of a connection whose
   * other end has gone without a word, which TCP notices after a quarter of an hour. By default what may be repeated is asked for
   * once more after a while, and then may take as long as the gateway waits for a sandbox to start; what has a body of octets may
   * take any time.
   */
  answersWithin?: number;
  signal?: AbortSignal | undefined;
}

const delays = { first: 100, most: 2_000 };
/** The gateway answers sooner, or waits for a sandbox to start: asking again is right in both cases. Milliseconds. */
const answerMilliseconds = 40_000;
/** For how long the gateway waits for a sandbox to start; milliseconds. */
const startMilliseconds = 300_000;
/** Timers know no longer time; milliseconds. */
const longestTimer = 2 ** 31 - 1;

/** Operations of the gateway in one namespace. What may be repeated is, while gateway or sandbox cannot be reached. */
export class Gateway {
  readonly #connect: () => Promise<Connection>;
  readonly #retryMilliseconds: number;
  #connection: Promise<Connection> | undefined;

  /** `retryMilliseconds` is for how long operations are repeated, from their first failure on. */
  constructor(connect: () => Promise<Connection>, retryMilliseconds: number) {
    this.#connect = connect;
    this.#retryMilliseconds = retryMilliseconds;
  }

  /** The way there; made when it is needed first, and anew when that failed. */
  connection(): Promise<Connection> {
    this.#connection ??= this.#connect().catch((error: unknown) => {
      this.#connection = undefined;
      throw error;
    });
    return this.#connection;
  }

  /** The JSON of the reply. */
  async json<T>(operation: Operation): Promise<T> {
    const text = new TextDecoder().decode(await this.octets(operation));
    const value = parsed(text);
    if (value === undefined) throw notOurs(`not with JSON but: ${text.slice(0, 200)}`);
    return value as T;
  }

  /** The octets of the reply. */
  octets(operation: Operation): Promise<Uint8Array<ArrayBuffer>> {
    return this.#attempt(operation, async ({ body }) => await collect(body));
  }

  /** Resolves once it is done; what the reply says is dropped. */
  async run(operation: Operation): Promise<void> {
    try {
      await this.octets(operation);
    } catch (error) {
      if (!(error instanceof DoneBefore)) throw error;
    }
  }

  /** The reply, once it begins. Rejects with the error that it is. */
  open(operation: Operation): Promise<TransportReply> {
    return this.#attempt(operation, async (reply) => reply);
  }

  /** What `take` makes of the reply, which is asked for again when it breaks off meanwhile. */
  async #attempt<T>(operation: Operation, take: (reply: TransportReply) => Promise<T>): Promise<T> {
    const { signal, repeatable = operation.method !== "POST" && operation.method !== "PATCH" } = operation;
    const { transport, namespace } = await this.connection();
    let isPatient = !repeatable;
    let deadline: number | undefined;
    for (let attempt = 0; ; attempt++) {
      try {
        const answersWithin = operation.answersWithin ?? longestSilence(operation, isPatient);
        const reply = await heard(operation, answersWithin, (signal) =>
          transport.request(requestOf({ ...operation, signal }, namespace)),
        );
        if (reply.status >= 400) throw await errorOf(reply);
        return await take(reply);
      } catch (error) {
        if (attempt > 0 && error instanceof SandkeepError && error.code === operation.doneWhen) throw new DoneBefore();
        if (!repeatable || !mayPass(error)) throw withoutGateway(error, operation);
        if (error instanceof Silence && operation.answersWithin === undefined) {
          if (isPatient) throw withoutGateway(error, operation);
          isPatient = true;
          continue;
        }
        // It may have waited long until then, and for what it was to wait.
        deadline ??= performance.now() + this.#retryMilliseconds;
        if (performance.now() > deadline) throw withoutGateway(error, operation);
      }
      await sleep(backoff(attempt, delays), signal);
    }
  }

  /** Lets go of connections that are idle; the next operation opens one again. */
  async close(): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined);
    connection?.transport.close();
  }
}

/** Nothing was heard of a request for longer than its reply can take. */
export class Silence extends ConnectionError {}

/** The reply of an attempt, given up after a silence that is too long. */
async function heard(
  { method, path, signal }: Operation,
  answersWithin: number | undefined,
  attempt: (signal: AbortSignal | undefined) => Promise<TransportReply>,
): Promise<TransportReply> {
  if (answersWithin === undefined) return await attempt(signal);
  const silence = new AbortController();
  const message = `No reply to ${method} ${path} for ${answersWithin} ms`;
  const timer = setTimeout(() => silence.abort(new Silence(message)), answersWithin);
  try {
    return await attempt(signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]));
  } finally {
    clearTimeout(timer);
  }
}

/** How long nothing may be heard of an operation whose reply has no known time: what it is to wait, and a little more. */
function longestSilence({ body, query }: Operation, isPatient: boolean): number | undefined {
  if (body !== undefined) return undefined;
  const waiting = Number(query?.["timeoutSeconds"] ?? 0) * 1000 + answerMilliseconds;
  return Math.min(isPatient ? waiting + startMilliseconds : waiting, longestTimer);
}

/** The operation had been done by an attempt whose reply was lost. */
class DoneBefore extends Error {}

function requestOf({ method, path, query = {}, headers, json, body, signal }: Operation, namespace: string) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined) parameters.append(name, String(each));
    }
  }
  const text = parameters.size === 0 ? "" : `?${parameters.toString()}`;
  const sent = json === undefined ? (typeof body === "function" ? body() : body) : JSON.stringify(json);
  return {
    method,
    path: `/v1/namespaces/${encodeURIComponent(namespace)}${path}${text}`,
    headers: { ...(json !== undefined && { "content-type": "application/json" }), ...headers },
    ...(sent !== undefined && { body: sent }),
    signal,
  } satisfies TransportRequest;
}

/** The error that a reply is, also one that is not the gateway's own but of a proxy before it. */
export async function errorOf(reply: TransportReply): Promise<SandkeepError> {
  const text = new TextDecoder().decode(await collect(reply.body, mostOfAnError));
  const body = parsed(text);
  if (isErrorBody(body)) return errorFrom(body);
  const said = `${reply.status}: ${text.slice(0, 200)}`;
  return reply.status === 502 || reply.status === 503 || reply.status === 504
    ? new UnavailableError("unavailable", "request", `The gateway answered ${said}`)
    : notOurs(said);
}

function isErrorBody(body: unknown): body is ErrorBody {
  return typeof body === "object" && body !== null && "code" in body && Object.hasOwn(errorCodes, String(body.code));
}

function notOurs(said: string): InternalFailure {
  return new InternalFailure("internal", "request", `The gateway answered ${said}`);
}

/** No error of the gateway is longer; octets. */
const mostOfAnError = 1 << 20;

/** What JSON says; undefined when it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether the same operation may succeed soon. */
function mayPass(error: unknown): boolean {
  return error instanceof ConnectionError || error instanceof UnavailableError;
}

function withoutGateway(error: unknown, { method, path }: Operation): unknown {
  if (!(error instanceof ConnectionError)) return error;
  const message = `Cannot ${method} ${path}: ${error.message}`;
  return new UnavailableError("unavailable", "request", message, { cause: error });
}
