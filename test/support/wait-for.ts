import { sleep } from "../../src/lib/sleep.ts";

/**
 * The first value that is neither false nor undefined, asked for every 20 ms. Rejects after `seconds` (default 30) with what was
 * waited for and the last failure.
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | Promise<T>,
  { seconds = 30 }: { seconds?: number } = {},
): Promise<Exclude<T, false | undefined>> {
  const end = performance.now() + seconds * 1000;
  let cause: unknown;
  do {
    try {
      const value = await probe();
      if (value !== false && value !== undefined) return value as Exclude<T, false | undefined>;
    } catch (error) {
      cause = error;
    }
    await sleep(20);
  } while (performance.now() < end);
  throw new Error(`Waited ${seconds} s for ${what}`, { cause });
}
