import type { WebSocket } from "ws";
import type { ErrorBody } from "../../src/api/errors.ts";
import type { ProcessExit, TerminalSize } from "../../src/api/process.ts";
import { closing, type Closed } from "./web-socket.ts";
import { waitFor } from "./wait-for.ts";

interface Status {
  stdin?: { offset: number; closed: boolean };
  exit?: ProcessExit;
  error?: ErrorBody;
}

/** A client at a process, as the documentation of the subprotocol has it. */
export class Attached {
  readonly socket: WebSocket;
  /** What came of each stream, and where the next octet belongs. Output that does not join on throws. */
  readonly output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  readonly offset: { stdout: number; stderr: number };
  readonly statuses: Status[] = [];
  readonly closed: Promise<Closed>;

  constructor(socket: WebSocket, offset: { stdout?: number; stderr?: number } = {}) {
    this.socket = socket;
    this.offset = { stdout: 0, stderr: 0, ...offset };
    this.closed = closing(socket);
    socket.on("message", (message: Buffer) => this.#receive(message));
    socket.resume();
  }

  type(input: string | Buffer): void {
    this.socket.send(Buffer.concat([Buffer.of(0), Buffer.from(input)]));
  }

  end(): void {
    this.socket.send(Buffer.of(255, 0));
  }

  resize(size: TerminalSize): void {
    this.socket.send(Buffer.concat([Buffer.of(4), Buffer.from(JSON.stringify(size))]));
  }

  get text(): string {
    return Buffer.concat(this.output.stdout).toString();
  }

  /** Where the gateway last said that the input stands. */
  get stdin(): Status["stdin"] {
    return this.statuses.findLast(({ stdin }) => stdin !== undefined)?.stdin;
  }

  get exit(): ProcessExit | undefined {
    return this.statuses.at(-1)?.exit;
  }

  async shows(expected: string | RegExp): Promise<void> {
    const there = () => (typeof expected === "string" ? this.text.includes(expected) : expected.test(this.text));
    await waitFor(`the output to show ${String(expected)}`, there);
  }

  #receive(message: Buffer): void {
    const [channel] = message;
    if (channel === 3) this.statuses.push(JSON.parse(message.subarray(1).toString()) as Status);
    else if (channel === 1) this.#add("stdout", message);
    else if (channel === 2) this.#add("stderr", message);
    else throw new Error(`A message on channel ${channel}`);
  }

  #add(stream: "stdout" | "stderr", message: Buffer): void {
    const at = Number(message.readBigUInt64BE(1));
    const octets = message.subarray(9);
    if (at !== this.offset[stream]) throw new Error(`${stream} goes on at ${at}, not at ${this.offset[stream]}`);
    this.offset[stream] += octets.length;
    this.output[stream].push(octets);
  }
}
