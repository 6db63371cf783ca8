import { agentClient } from "../../agent-link/client.ts";
import type { LinkResponse } from "../../agent-link/link.ts";
import { SandkeepError } from "../../api/errors.ts";
import type { ProcessExit, Stdin, TerminalSize } from "../../api/process.ts";
import { sleep } from "../../lib/sleep.ts";
import { persist } from "../agent/persist.ts";
import type { AgentRequest } from "../agent/send.ts";
import { Inbox } from "../websocket/inbox.ts";
import { Latest } from "../websocket/latest.ts";
import type { Peer } from "../websocket/peer.ts";
import { readFrame, statusFrame } from "./attach-frames.ts";
import { forwardInput } from "./attach-input.ts";
import { forwardOutput } from "./attach-output.ts";
import { forwardSizes } from "./attach-sizes.ts";

/** A client at a process. */
export interface Attachment {
  /** Id of the process. */
  process: string;
  /** Where its input stands, for the client to know first of all. */
  stdin: Stdin;
  /** Asks the sandbox's agent. Throws its refusal. */
  ask: (path: string, more: Partial<AgentRequest>) => Promise<LinkResponse>;
  peer: Peer;
  /** Offset at which each stream begins here; input goes to the end of what there is where it has none. */
  from: { stdout: number; stderr: number; stdin: number | undefined };
  /** Aborted when the client has gone. */
  signal: AbortSignal;
}

/**
 * Carries input, output and sizes between the two until the process has exited and the client has all of its output, and
 * the exit last. Throws what goes wrong before. The process goes on then.
 */
export async function carry(attachment: Attachment): Promise<void> {
  const over = new AbortController();
  const within = { ...attachment, signal: AbortSignal.any([attachment.signal, over.signal]) };
  const inbox = new Inbox(attachment.peer);
  const sizes = new Latest<TerminalSize>();
  const broken = Promise.withResolvers<void>();
  attachment.peer.onMessage((message) => {
    const frame = readFrame(message);
    if (frame.type === "stdin") inbox.add(frame.octets);
    else if (frame.type === "end") inbox.end();
    else sizes.put(frame.size);
  }, broken.reject);

  const told = attachment.peer.send(statusFrame({ stdin: attachment.stdin }));
  const input = [forwardInput(within, inbox), forwardSizes(within, sizes), broken.promise, told];
  // Asked for early: with its entrypoint a sandbox ends, and answers then only what is under way.
  const output = [exitOf(within), forwardOutput(within, "stdout"), forwardOutput(within, "stderr")] as const;
  try {
    const [exit] = await Promise.race([Promise.all(output), ...input.map(failureOf)]);
    // Nothing is said after it.
    over.abort();
    await attachment.peer.send(statusFrame({ exit }));
  } finally {
    over.abort();
    broken.reject(over.signal.reason);
    await Promise.allSettled([...output, ...input]);
  }
}

/** Rejects when a task does that may end before the others. */
function failureOf(task: Promise<void>): Promise<never> {
  return new Promise((_, reject) => void task.catch(reject));
}

/** How long one request waits for the exit; seconds. */
const waitSeconds = 3_600;

/** Between two of them; milliseconds. */
const pauseMilliseconds = 100;

async function exitOf({ process, ask, signal }: Attachment): Promise<ProcessExit> {
  const client = agentClient({ request: ({ path, ...more }) => ask(path, more) });
  for (;;) {
    try {
      return await persist(signal, () => client.waitForExit(process, waitSeconds, signal));
    } catch (error) {
      if (!(error instanceof SandkeepError) || error.code !== "deadline_exceeded") throw error;
    }
    await sleep(pauseMilliseconds, signal);
  }
}
