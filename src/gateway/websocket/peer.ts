import type { WebSocket } from "ws";
import { SandkeepError } from "../../api/errors.ts";
import { asRefusal } from "../server/refusals.ts";
import { limits } from "./limits.ts";

/** The client at the other end of a WebSocket. */
export class Peer {
  readonly #socket: WebSocket;
  readonly #alive: () => void;
  /** Messages on their way to the client. */
  #ahead = 0;

  /** `alive` is told whenever the client has taken something. */
  constructor(socket: WebSocket, alive: () => void) {
    this.#socket = socket;
    this.#alive = alive;
    socket.binaryType = "nodebuffer";
    // What breaks the connection also closes it.
    socket.on("error", () => {});
  }

  /** Whether it still takes messages. */
  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /**
   * Gives each message to `take`. What that throws, or the refusal of one that is text, is told to `failed`.
   */
  onMessage(take: (message: Buffer) => void, failed: (error: unknown) => void): void {
    this.#socket.on("message", (message: Buffer, isBinary: boolean) => {
      if (!this.isOpen) return;
      try {
        if (!isBinary) throw new SandkeepError("invalid_argument", "request", "Cannot take a message of text");
        take(message);
      } catch (error) {
        failed(error);
      }
    });
  }

  /** Sends a message. Resolves once there is room for another; rejects when the client has gone. */
  async send(message: Buffer): Promise<void> {
    if (!this.isOpen) throw gone();
    this.#ahead += 1;
    const sent = new Promise<void>((resolve, reject) => {
      this.#socket.send(message, (error) => {
        this.#ahead -= 1;
        if (error) return reject(gone(error));
        this.#alive();
        resolve();
      });
    });
    sent.catch(() => {});
    const weight = this.#socket.bufferedAmount + this.#ahead * limits.octetsPerMessage;
    if (weight >= limits.aheadOctets) await sent;
  }

  /** Stops reading from the client, whose messages wait on its side then. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends the WebSocket, all having gone well. */
  close(): void {
    closeSocket(this.#socket, 1000);
  }

  /** Ends it with the code that the error calls for, and the error's own code as the reason. */
  fail(error: unknown): void {
    closeSocket(this.#socket, closeCode(error), asRefusal(error).code);
  }
}

/** Begins the end of a WebSocket. One that was not being read from would not see the client's answer. */
export function closeSocket(socket: WebSocket, code: number, reason?: string): void {
  socket.resume();
  socket.close(code, reason);
}

/** 1013 when the same may succeed later, 1011 for what is wrong here, 1008 for what is wrong on the other side. */
export function closeCode(error: unknown): 1008 | 1011 | 1013 {
  const { code, retryable } = asRefusal(error);
  if (retryable || code === "deadline_exceeded") return 1013;
  return code === "internal" ? 1011 : 1008;
}

function gone(cause?: Error): SandkeepError {
  return new SandkeepError("unavailable", "request", "The client has gone", { cause });
}
