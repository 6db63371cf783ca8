import type { SandboxView } from "../../api/sandbox-http.ts";
import { backoff } from "../../lib/backoff.ts";
import { sleep } from "../../lib/sleep.ts";
import { bodyOf } from "../http/body.ts";
import type { Gateway, Operation } from "../http/gateway.ts";
import { linesOf } from "../http/lines.ts";
import { ConnectionError } from "../http/transport.ts";
import { infoOf, type SandboxInfo } from "./info.ts";

/**
 * What became of a sandbox. `deleted`: its record is gone, or it is no longer among those that were asked for. `listed`: all that
 * there are have been told.
 */
export type SandboxEvent = { type: "added" | "modified" | "deleted"; sandbox: SandboxInfo } | { type: "listed" };

type Frame =
  | { type: "added" | "modified" | "deleted"; sandbox: SandboxView; cursor?: string }
  | { type: "reset" }
  | { type: "bookmark"; cursor: string };

const delays = { first: 100, most: 2_000 };

/** @internal Events of the sandboxes that `query` selects, gone on with from the last one when the connection breaks. */
export async function* watchSandboxes(
  gateway: Gateway,
  query: NonNullable<Operation["query"]>,
  signal?: AbortSignal,
): AsyncGenerator<SandboxEvent, void, void> {
  const known = new Map<string, SandboxInfo>();
  let cursor: string | undefined;
  for (let attempt = 0; ; attempt++) {
    try {
      let isListing = cursor === undefined;
      const reply = await gateway.open({
        method: "GET",
        path: "/sandboxes/watch",
        query: { ...query, cursor },
        signal,
      });
      const listed = new Set<string>();
      for await (const line of linesOf(bodyOf(reply))) {
        attempt = 0;
        const frame = JSON.parse(line) as Frame;
        if (frame.type === "reset") {
          isListing = true;
          continue;
        }
        cursor = frame.cursor ?? cursor;
        if (frame.type === "bookmark") {
          if (!isListing) continue;
          isListing = false;
          yield* goneSince(known, listed);
          yield { type: "listed" };
          continue;
        }
        const sandbox = infoOf(frame.sandbox);
        if (isListing) listed.add(sandbox.sandboxId);
        yield { type: remember(known, frame.type, sandbox), sandbox };
      }
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
    }
    if (attempt > 0) await sleep(backoff(attempt, delays), signal);
  }
}

/** What the event is to somebody who was told of the ones before. */
function remember(
  known: Map<string, SandboxInfo>,
  type: "added" | "modified" | "deleted",
  sandbox: SandboxInfo,
): "added" | "modified" | "deleted" {
  if (type === "deleted") {
    known.delete(sandbox.sandboxId);
    return type;
  }
  const before = known.has(sandbox.sandboxId);
  known.set(sandbox.sandboxId, sandbox);
  return before ? "modified" : "added";
}

/** Those that a list no longer has. */
function* goneSince(known: Map<string, SandboxInfo>, listed: ReadonlySet<string>): Generator<SandboxEvent, void, void> {
  for (const [id, sandbox] of known) {
    if (listed.has(id)) continue;
    known.delete(id);
    yield { type: "deleted", sandbox };
  }
}
