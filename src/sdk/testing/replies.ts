import { SandkeepError, type ErrorCode, type ErrorResource } from "../../api/errors.ts";
import type { TransportReply } from "../http/transport.ts";

const encoder = new TextEncoder();

/** A reply of JSON. */
export function json(value: unknown, status = 200): TransportReply {
  return octets(encoder.encode(JSON.stringify(value)), status);
}

/** A reply without contents. */
export function nothing(): TransportReply {
  return octets(new Uint8Array(), 204);
}

/** A reply of octets that are all there. */
export function octets(body: Uint8Array, status = 200, headers: Readonly<Record<string, string>> = {}): TransportReply {
  return stream(
    (async function* () {
      if (body.length > 0) yield body;
    })(),
    { "content-length": String(body.length), ...headers },
    status,
  );
}

/** A reply of one JSON value per line, as they come. */
export function frames(values: AsyncIterable<unknown>): TransportReply {
  return stream(
    (async function* () {
      for await (const value of values) yield encoder.encode(`${JSON.stringify(value)}\n`);
    })(),
  );
}

/** A reply of octets as they come. */
export function stream(
  body: AsyncIterable<Uint8Array>,
  headers: Readonly<Record<string, string>> = {},
  status = 200,
): TransportReply {
  return { status, header: (name) => headers[name.toLowerCase()], body, cancel: () => {} };
}

/** The reply that an error of the gateway is. */
export function refusal(error: SandkeepError): TransportReply {
  return json(error, error.status);
}

/** An error of the gateway. */
export function refused(
  code: ErrorCode,
  resource: ErrorResource,
  message: string,
  details?: Record<string, unknown>,
): SandkeepError {
  return new SandkeepError(code, resource, message, details && { details });
}
