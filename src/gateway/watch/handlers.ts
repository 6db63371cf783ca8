import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { sandboxView, type WatchFrame } from "../../api/sandbox-http.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import { orAborted } from "../../lib/or-aborted.ts";
import { contentTypes } from "../agent/proxy.ts";
import { selector } from "../sandboxes/select.ts";
import type { Handlers } from "../server/bind.ts";
import { framesOf } from "./frames.ts";
import type { SandboxHistory } from "./history.ts";

/** A client hears at least this often, and learns how far it has come. */
const bookmarkMilliseconds = 15_000;

/** Watches of sandboxes. They end when `stopping` is aborted: another gateway goes on from the cursor. */
export function watchHandlers(
  history: SandboxHistory,
  filled: Promise<void>,
  stopping: AbortSignal,
): Pick<Handlers, "watchSandboxes"> {
  return {
    async watchSandboxes({ params: { namespace }, query, signal, response }) {
      const { cursor, timeoutSeconds, ...selection } = query;
      const isSelected = selector(selection);
      const isShown = (sandbox: Sandbox) => sandbox.metadata.namespace === namespace && isSelected(sandbox);
      const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
      const until = AbortSignal.any([signal, stopping, timeout]);
      await orAborted(filled, signal);

      response.writeHead(200, { "Content-Type": contentTypes.lines }).flushHeaders();
      const send = (frames: WatchFrame[]) => write(response, frames, until);
      const { follower, sandboxes } = history.follow(cursor);
      try {
        if (sandboxes !== undefined) {
          const listed = history.cursor;
          if (cursor !== undefined) await send([{ type: "reset" }]);
          for (const sandbox of sandboxes.filter(isShown))
            await send([{ type: "added", sandbox: sandboxView(sandbox) }]);
          await send([{ type: "bookmark", cursor: listed }]);
        }
        for (;;) {
          const events = await follower.take(bookmarkMilliseconds, until);
          if (until.aborted || follower.overrun) break;
          if (events.length === 0) await send([{ type: "bookmark", cursor: history.cursor }]);
          for (const event of events) await send(framesOf(event, isShown));
        }
      } finally {
        follower.close();
      }
      response.end();
    },
  };
}

/** Waits while the client has more to read than it takes. */
async function write(response: ServerResponse, frames: WatchFrame[], until: AbortSignal): Promise<void> {
  for (const frame of frames) {
    if (until.aborted || response.write(`${JSON.stringify(frame)}\n`)) continue;
    await once(response, "drain", { signal: until }).catch(() => {});
  }
}
