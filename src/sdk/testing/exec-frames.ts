import type { ExecFrame } from "../../api/process.ts";
import type { MockProcess } from "./process.ts";

const names = ["stdout", "stderr"] as const;

/** What the gateway says of a process that it has started: its id, what it writes as it comes, and how it ended. */
export async function* execFrames(process: MockProcess): AsyncGenerator<ExecFrame, void, void> {
  yield { process: process.id };
  const offsets = { stdout: 0, stderr: 0 };
  const sources = { stdout: process.stdout.from(0), stderr: process.stderr.from(0) };
  const next = async (stream: (typeof names)[number]) => ({ stream, ...(await sources[stream].next()) });
  const pending = new Map(names.map((name) => [name, next(name)]));
  while (pending.size > 0) {
    const { stream, done, value } = await Promise.race(pending.values());
    if (done === true) {
      pending.delete(stream);
      continue;
    }
    pending.set(stream, next(stream));
    yield { stream, offset: offsets[stream], data: toBase64(value) };
    offsets[stream] += value.length;
  }
  yield { exit: await process.ended };
}

function toBase64(octets: Uint8Array): string {
  let binary = "";
  for (const octet of octets) binary += String.fromCharCode(octet);
  return btoa(binary);
}
