/** A token, and when it is time for another one, in milliseconds since 1970. */
export interface TimedToken {
  token: string;
  renewAt: number;
  /** From then on it is worth nothing. */
  expiresAt: number;
}

/** A token that is replaced in time. Those who ask at once share one request for it. */
export class RenewedToken {
  readonly #request: () => Promise<TimedToken>;
  #current: TimedToken | undefined;
  #requesting: Promise<string> | undefined;

  constructor(request: () => Promise<TimedToken>) {
    this.#request = request;
  }

  /** The token: at once while there is no need for another. A valid one does where another cannot be had. */
  token(): string | Promise<string> {
    if (this.#current !== undefined && Date.now() < this.#current.renewAt) return this.#current.token;
    this.#requesting ??= this.#renew().finally(() => (this.#requesting = undefined));
    return this.#requesting;
  }

  /** Asks for another on next use, for this one was refused. */
  forget(): void {
    this.#current = undefined;
  }

  async #renew(): Promise<string> {
    try {
      this.#current = await this.#request();
    } catch (error) {
      if (this.#current === undefined || Date.now() >= this.#current.expiresAt) throw error;
    }
    return this.#current.token;
  }
}
