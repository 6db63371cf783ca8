import type { Duplex } from "node:stream";
import { LinkError } from "../link-error.ts";

const greeting = "sandkeep/1\n";

/**
 * Resolves once the agent has greeted, which it does when the stream has found its request; the next octet read is the
 * first of the body. Rejects with `LinkError` when something else comes or the stream ends, or with the signal's reason.
 */
export function greeted(stream: Duplex, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown) => {
      stream.off("readable", look).off("end", ended).off("close", ended);
      signal.removeEventListener("abort", aborted);
      if (error === undefined) resolve();
      else reject(error);
    };
    const look = () => {
      const octets = stream.read(greeting.length) as Buffer | null;
      if (octets === null) return;
      const said = octets.toString("latin1");
      settle(said === greeting ? undefined : new LinkError(`The agent greeted with ${JSON.stringify(said)}`));
    };
    const ended = () => settle(new LinkError("The stream ended before the agent greeted"));
    const aborted = () => settle(signal.reason);
    signal.addEventListener("abort", aborted, { once: true });
    stream.on("readable", look).once("end", ended).once("close", ended);
    if (signal.aborted) aborted();
  });
}
