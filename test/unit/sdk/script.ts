import { SandkeepClient } from "../../../src/sdk/index.ts";
import { ConnectionError, type TransportReply, type TransportRequest } from "../../../src/sdk/http/transport.ts";

/** What a scripted gateway answers; a body of JSON unless it is text or a stream. */
export interface Answer {
  status?: number;
  headers?: Readonly<Record<string, string>>;
  body?: unknown;
}

type Script = (request: TransportRequest, times: number) => Answer | Promise<Answer>;

/** A client of a gateway that answers as `script` says, which is told how often the same was asked before. */
export function scripted(script: Script, retryMs = 5_000) {
  const requests: TransportRequest[] = [];
  const cancelled: string[] = [];
  const request = async (request: TransportRequest): Promise<TransportReply> => {
    request.signal?.throwIfAborted();
    const place = placeOf(request);
    const times = requests.filter((other) => placeOf(other) === place).length;
    requests.push(request);
    const { status = 200, headers = {}, body = {} } = await script(request, times);
    const octets = isStream(body) ? body : one(typeof body === "string" ? body : JSON.stringify(body));
    const cancel = () => void cancelled.push(place);
    return {
      status,
      header: (name) => headers[name.toLowerCase()],
      body: untilAborted(octets, cancel, request),
      cancel,
    };
  };
  const connection = { transport: { request, close: () => {} }, namespace: "test" };
  const asked = () => requests.map(placeOf);
  return { client: new SandkeepClient({ connection, retryMs }), requests, asked, cancelled };
}

/** Method and path of a request, below the namespace and without its query. */
export function placeOf({ method, path }: TransportRequest): string {
  return `${method} ${path.replace("/v1/namespaces/test", "").replace(/\?.*/, "")}`;
}

/** So much of a body, and then its connection breaks. */
export async function* broken(...parts: string[]): AsyncGenerator<Uint8Array, void, void> {
  for (const part of parts) yield Buffer.from(part);
  throw new ConnectionError("The connection broke");
}

/** So much of a body, of which no more comes. */
export async function* idle(...parts: string[]): AsyncGenerator<Uint8Array, void, void> {
  for (const part of parts) yield Buffer.from(part);
  await new Promise(() => {});
}

async function* one(text: string): AsyncGenerator<Uint8Array, void, void> {
  yield Buffer.from(text);
}

function isStream(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

/** As a transport gives bodies: abortion ends a read that waits, and leaving one cancels the reply. */
async function* untilAborted(
  octets: AsyncIterable<Uint8Array>,
  cancel: () => void,
  { signal }: TransportRequest,
): AsyncGenerator<Uint8Array, void, void> {
  const iterator = octets[Symbol.asyncIterator]();
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => {});
  const abort = () => aborted.reject(signal?.reason);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await Promise.race([iterator.next(), aborted.promise]);
      ended = done === true;
      if (done === true) return;
      yield value;
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    if (!ended) cancel();
  }
}
