/** Calls `onStall` once when the agent made no progress for so long while it was its turn. */
export class StallTimer {
  readonly #timer: NodeJS.Timeout;

  constructor(milliseconds: number, isAgentsTurn: () => boolean, onStall: () => void) {
    this.#timer = setTimeout(() => {
      if (isAgentsTurn()) onStall();
      else this.#timer.refresh();
    }, milliseconds);
    this.#timer.unref();
  }

  progress(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
