import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

interface Line {
  /** Settles when the last request that came has its reply. */
  last: Promise<void>;
  length: number;
}

/** Few clients send a request before they have the reply to the one before, and none needs more than this. */
const mostWaiting = 16;

/**
 * Answers the requests of one connection one after the other, as their replies have to go: who sends many at once cannot
 * have as many connections opened for them.
 */
export class InTurn {
  readonly #lines = new WeakMap<Socket, Line>();

  /** Resolves when it is a request's turn; with false, at once, when too many wait already. */
  async come({ socket }: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const line = this.#lines.get(socket) ?? { last: Promise.resolve(), length: 0 };
    this.#lines.set(socket, line);
    if (line.length > mostWaiting) return false;
    const turn = line.last;
    line.length++;
    line.last = new Promise((resolve) => {
      response.once("close", () => {
        line.length--;
        resolve();
      });
    });
    await turn;
    return true;
  }
}
