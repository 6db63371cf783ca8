import type { SandkeepError } from "../../api/errors.ts";
import type { Call } from "../server/bind.ts";
import { asRefusal } from "../server/refusals.ts";
import type { Peer } from "./peer.ts";

/** What a WebSocket is for. */
export interface Conversation {
  /** Resolves when all is done, which closes the WebSocket with 1000. */
  run: () => Promise<void>;
  /** Tells the client what `run` threw, before the WebSocket is closed with the code for it. */
  tell?: (error: SandkeepError) => Promise<void>;
}

/** Runs it to its end. Never rejects: no reply in HTTP could follow. */
export async function serve({ facts }: Call, peer: Peer, { run, tell }: Conversation): Promise<void> {
  try {
    await run();
    peer.close();
  } catch (error) {
    if (!peer.isOpen) return;
    const refusal = asRefusal(error);
    if (refusal.status >= 500) facts.error = error;
    await tell?.(refusal).catch(() => {});
    peer.fail(refusal);
  }
}
