/** Runs a task whose signal is aborted, with the error that `late` makes, after some seconds or when the outer one is. */
export async function deadline<T>(
  seconds: number,
  signal: AbortSignal,
  late: () => Error,
  task: (within: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(late()), seconds * 1000);
  try {
    return await task(AbortSignal.any([signal, controller.signal]));
  } finally {
    clearTimeout(timer);
  }
}
