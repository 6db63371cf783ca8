/** A signal that is aborted after `milliseconds`, or with `parent` if that comes first. Dispose it when the work is done. */
export function deadline(milliseconds: number, parent?: AbortSignal): Disposable & { signal: AbortSignal } {
  const controller = new AbortController();
  const expire = () => controller.abort(new Error(`Timed out after ${milliseconds} ms`));
  const timer = setTimeout(expire, milliseconds);
  const follow = () => controller.abort(parent?.reason);
  if (parent?.aborted) follow();
  else parent?.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      parent?.removeEventListener("abort", follow);
    },
  };
}
