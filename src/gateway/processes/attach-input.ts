import { processPath } from "../../agent-link/client.ts";
import { readJson } from "../../agent-link/body.ts";
import { LinkError } from "../../agent-link/link-error.ts";
import { SandkeepError } from "../../api/errors.ts";
import { stdinSchema } from "../../api/process.ts";
import { persist } from "../agent/persist.ts";
import type { Batch, Inbox } from "../websocket/inbox.ts";
import { statusFrame, type Status } from "./attach-frames.ts";
import type { Attachment } from "./attachment.ts";

/** A program that does not read its input holds the client back; this long. */
const stdinMilliseconds = 3_600_000;

/**
 * Hands the process what the client sends, in order, and tells the client after each batch how far the input has come.
 * At an offset of the client's own a batch is sent again when the link to the agent breaks. A process that takes no
 * input, or no more, is told to the client, and what it sends is dropped.
 */
export async function forwardInput(attachment: Attachment, inbox: Inbox): Promise<void> {
  const { peer, from, signal } = attachment;
  let offset = from.stdin;
  for (;;) {
    const batch = await inbox.take(signal);
    const status = await hand(attachment, batch, offset).catch(asStatus);
    signal.throwIfAborted();
    await peer.send(statusFrame(status));
    if ("error" in status) return await drop(inbox, signal);
    if (offset !== undefined) offset += batch.octets.length;
    if (batch.ended) return;
  }
}

async function hand({ process, ask, signal }: Attachment, batch: Batch, offset: number | undefined): Promise<Status> {
  const { octets, ended } = batch;
  const place = offset === undefined ? "" : `offset=${offset}&`;
  const request = { method: "PUT", body: octets, signal, waitMilliseconds: stdinMilliseconds };
  const send = async (repeatable: boolean): Promise<Status> => {
    const { body } = await ask(processPath(process, `/stdin?${place}eof=${ended}`), { ...request, repeatable });
    const state = stdinSchema.safeParse(await readJson(body));
    if (!state.success) throw new LinkError("Cannot read where the agent says that the input stands");
    return { stdin: state.data };
  };
  return await (offset === undefined ? send(false) : persist(signal, () => send(true)));
}

function asStatus(error: unknown): Status {
  if (error instanceof SandkeepError && error.code === "failed_precondition" && error.resource === "process")
    return { error };
  throw error;
}

async function drop(inbox: Inbox, signal: AbortSignal): Promise<void> {
  while (!(await inbox.take(signal)).ended);
}
