import { processPath } from "../../agent-link/client.ts";
import { LinkError } from "../../agent-link/link-error.ts";
import type { LinkResponse } from "../../agent-link/link.ts";
import { OFFSET_HEADER } from "../../api/process.ts";
import { persist } from "../agent/persist.ts";
import { outputFrames } from "./attach-frames.ts";
import type { Attachment } from "./attachment.ts";

/**
 * Sends the client one stream from its offset to its end, as fast as the client takes it: the process waits meanwhile.
 * Goes on where it was when the link to the agent breaks.
 */
export async function forwardOutput(
  { process, ask, peer, from, signal }: Attachment,
  stream: "stdout" | "stderr",
): Promise<void> {
  let offset = from[stream];
  await persist(signal, async (progressed) => {
    const answer = await ask(processPath(process, `/${stream}?offset=${offset}`), { method: "GET", signal });
    offset = startOf(answer, offset);
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      for (const frame of outputFrames(stream, offset, chunk)) await peer.send(frame);
      offset += chunk.length;
      progressed();
    }
  });
}

/** Where an answer begins: later than asked when older output is gone, never earlier. */
function startOf({ headers, body }: LinkResponse, asked: number): number {
  const told = headers[OFFSET_HEADER.toLowerCase()];
  const offset = typeof told === "string" && /^\d{1,16}$/.test(told) ? Number(told) : NaN;
  if (offset >= asked && offset <= Number.MAX_SAFE_INTEGER) return offset;
  body.destroy();
  throw new LinkError(`The agent answered with output from ${String(told).slice(0, 40)} on instead of ${asked}`);
}
