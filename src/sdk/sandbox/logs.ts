import { anyOf } from "../any-of.ts";
import { bodyOf } from "../http/body.ts";
import type { Gateway } from "../http/gateway.ts";

export interface SandboxLogsParams {
  /** Goes on with what is written from now on, until its command ends. */
  follow?: boolean;
  /** Only so many of the last lines. */
  tailLines?: number;
  /** Only what is not older. */
  sinceSeconds?: number;
  /** Begins each line with its time. */
  timestamps?: boolean;
  signal?: AbortSignal | undefined;
}

/** @internal The log of a sandbox's command. `path` is the sandbox's. */
export function readLogs(
  gateway: Gateway,
  path: string,
  { signal, ...query }: SandboxLogsParams,
): AsyncIterable<Uint8Array> & { cancel: () => void } {
  const cancelled = new AbortController();
  const operation = { method: "GET", path: `${path}/logs`, query, signal: anyOf(signal, cancelled.signal) } as const;
  return {
    async *[Symbol.asyncIterator]() {
      yield* bodyOf(await gateway.open(operation));
    },
    cancel: () => cancelled.abort(),
  };
}
