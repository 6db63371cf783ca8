import type { WebSocket } from "ws";
import { closing, type Closed } from "./web-socket.ts";

/** A client at a port, as the documentation of the subprotocol has it. */
export class PortConnection {
  readonly socket: WebSocket;
  readonly chunks: Buffer[] = [];
  readonly closed: Promise<Closed>;
  /** Octets that came. */
  octets = 0;
  /** Whether the port has ended its direction. */
  ended = false;

  constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = closing(socket);
    socket.on("message", (message: Buffer) => this.#receive(message));
    socket.resume();
  }

  /** Resolves once there is room for more. */
  async write(octets: string | Buffer): Promise<void> {
    const sent = new Promise<void>((resolve, reject) => {
      this.socket.send(Buffer.from(octets), (error) => (error ? reject(error) : resolve()));
    });
    sent.catch(() => {});
    if (this.socket.bufferedAmount > 1 << 20) await sent;
  }

  end(): void {
    this.socket.send(Buffer.alloc(0));
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  #receive(message: Buffer): void {
    if (message.length === 0) this.ended = true;
    this.octets += message.length;
    this.chunks.push(message);
  }
}
