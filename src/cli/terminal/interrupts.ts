import { Interrupted } from "../errors.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
export type Interrupt = (typeof signals)[number];

/** Calls `handle` when the user interrupts the program, until disposed of; a second time ends the program at once. */
export function onInterrupt(handle: (signal: Interrupt) => void): Disposable {
  let interrupted = false;
  const listeners = signals.map((signal) => {
    const listener = () => {
      if (interrupted) process.exit(new Interrupted(signal).exitCode);
      interrupted = true;
      handle(signal);
    };
    process.on(signal, listener);
    return () => void process.off(signal, listener);
  });
  return { [Symbol.dispose]: () => listeners.forEach((remove) => remove()) };
}

/** A promise that rejects with `Interrupted` when the user interrupts the program. */
export function interruption(): Disposable & { promise: Promise<never> } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const listening = onInterrupt((signal) => reject(new Interrupted(signal)));
  return { promise, [Symbol.dispose]: () => listening[Symbol.dispose]() };
}
