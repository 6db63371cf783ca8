import { processPath } from "../../agent-link/client.ts";
import { SandkeepError } from "../../api/errors.ts";
import type { TerminalSize } from "../../api/process.ts";
import { jsonBody } from "../agent/proxy.ts";
import { persist } from "../agent/persist.ts";
import type { Latest } from "../websocket/latest.ts";
import { statusFrame } from "./attach-frames.ts";
import type { Attachment } from "./attachment.ts";

/** Gives the terminal the size that the client's has. A process without one is told to the client, and nothing else. */
export async function forwardSizes(
  { process, ask, peer, signal }: Attachment,
  sizes: Latest<TerminalSize>,
): Promise<void> {
  for (;;) {
    const request = { method: "POST", signal, ...jsonBody(await sizes.take(signal)) };
    try {
      const { body } = await persist(signal, () => ask(processPath(process, "/resize"), request));
      body.destroy();
    } catch (error) {
      if (!(error instanceof SandkeepError) || error.code !== "failed_precondition") throw error;
      signal.throwIfAborted();
      await peer.send(statusFrame({ error }));
    }
  }
}
