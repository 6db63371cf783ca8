import type { Readable } from "node:stream";
import type { Connection } from "./connection.ts";
import { POD } from "./objects.ts";
import { pathOf } from "./path.ts";

export interface PodLogOptions {
  namespace: string;
  pod: string;
  container: string;
  /** Goes on until the container ends. */
  follow?: boolean | undefined;
  /** The last so many lines; all by default. */
  tailLines?: number | undefined;
  /** What was written in the last so many seconds. */
  sinceSeconds?: number | undefined;
  /** Each line begins with its time, RFC 3339. */
  timestamps?: boolean | undefined;
  signal?: AbortSignal;
}

/**
 * What a container has written, standard output and error together, as far as its node still keeps it. Rejects with
 * `ApiError`: 404 where there is no such Pod, 400 where the container has not started; with `ConnectionError` when the
 * server does not answer.
 */
export async function podLog(connection: Connection, options: PodLogOptions): Promise<Readable> {
  const { namespace, pod, signal, ...query } = options;
  const path = pathOf(POD, { namespace, name: pod, subresource: "log", query });
  return (await connection.send({ method: "GET", path, signal, streaming: true })).body;
}
