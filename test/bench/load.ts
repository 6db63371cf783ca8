import { Pool, type Dispatcher } from "undici";
import type { Bench } from "./bench.ts";

/** Runs a command in a sandbox; resolves when it has ended well and rejects when it has not. */
export type Run = (sandbox: string) => Promise<void>;

/**
 * Runs one command again and again over at most so many connections, with as little work of this process as may be: it
 * shares the processors with what is measured, and a comfortable client takes twice as much of them.
 */
export function loadOf(
  { installed, namespace, token }: Bench,
  command: string[],
  connections: number,
): AsyncDisposable & { run: Run } {
  const pool = new Pool(installed.gateway, { connections, connect: { ca: installed.certificate }, headersTimeout: 0 });
  const request = {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ command }),
  } as const;
  return {
    run: (sandbox) =>
      new Promise((resolve, reject) => {
        const path = `/v1/namespaces/${namespace}/sandboxes/${sandbox}/exec`;
        pool.dispatch({ ...request, path }, new Reply(sandbox, resolve, reject));
      }),
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}

class Reply implements Dispatcher.DispatchHandler {
  readonly #sandbox: string;
  readonly #resolve: () => void;
  readonly #reject: (error: Error) => void;
  #text = "";

  constructor(sandbox: string, resolve: () => void, reject: (error: Error) => void) {
    this.#sandbox = sandbox;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  // Both are asked for.
  onRequestStart(): void {}
  onResponseStart(): void {}

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#text += chunk.toString("latin1");
  }

  onResponseEnd(): void {
    if (this.#text.includes('{"exit":{"code":0,')) this.#resolve();
    else this.#reject(new Error(`The command in ${this.#sandbox} did not end well: ${this.#text}`));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#reject(error);
  }
}
