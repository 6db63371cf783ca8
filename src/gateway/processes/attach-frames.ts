import { SandkeepError } from "../../api/errors.ts";
import { terminalSizeSchema, type ProcessExit, type Stdin, type TerminalSize } from "../../api/process.ts";

/** The first octet of each message: what the rest is. Numbers are those of Kubernetes' own v5.channel.k8s.io. */
export const channels = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const;

/** What a client says. */
export type ClientFrame = { type: "stdin"; octets: Buffer } | { type: "end" } | { type: "resize"; size: TerminalSize };

/** What the gateway says beside output. */
export type Status = { stdin: Stdin } | { exit: ProcessExit } | { error: SandkeepError };

/** Octets of output in one message, at most. */
const outputOctets = 64 << 10;

const offsetOctets = 8;

/** Reads a client's message. Throws `invalid_argument` where it is none. */
export function readFrame(message: Buffer): ClientFrame {
  const octets = message.subarray(1);
  switch (message[0]) {
    case channels.stdin:
      return { type: "stdin", octets };
    case channels.resize:
      return { type: "resize", size: readSize(octets) };
    case channels.close:
      if (octets.length === 1 && octets[0] === channels.stdin) return { type: "end" };
      throw refusal("only channel 0, stdin, can be closed");
    case undefined:
      throw refusal("it is empty");
    default:
      throw refusal(`clients have no channel ${message[0]}`);
  }
}

/** Output that begins at this offset of its stream, in as many messages as it takes. */
export function* outputFrames(stream: "stdout" | "stderr", offset: number, output: Buffer): Generator<Buffer> {
  for (let at = 0; at < output.length; at += outputOctets) {
    const octets = output.subarray(at, at + outputOctets);
    const frame = Buffer.allocUnsafe(1 + offsetOctets + octets.length);
    frame[0] = channels[stream];
    frame.writeBigUInt64BE(BigInt(offset + at), 1);
    octets.copy(frame, 1 + offsetOctets);
    yield frame;
  }
}

/** How things stand, in JSON. */
export function statusFrame(status: Status): Buffer {
  return Buffer.concat([Buffer.of(channels.status), Buffer.from(JSON.stringify(status))]);
}

function readSize(octets: Buffer): TerminalSize {
  const parsed = terminalSizeSchema.safeParse(jsonOrUndefined(octets));
  if (!parsed.success) throw refusal('a size is {"rows": 24, "columns": 80}, each from 1 to 65535');
  return parsed.data;
}

function jsonOrUndefined(octets: Buffer): unknown {
  try {
    return JSON.parse(octets.toString("utf8"));
  } catch {
    return undefined;
  }
}

function refusal(why: string): SandkeepError {
  return new SandkeepError("invalid_argument", "request", `Cannot take a message: ${why}`);
}
