import { sleep } from "../../src/lib/sleep.ts";

/**
 * The first value that is neither false nor undefined, asked for every 20 ms. Rejects after `seconds` with what was waited for
 * and the last failure; the default is for what should take a moment, on a machine that is busy with ten other things.
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | Promise<T>,
  { seconds = 120 }: { seconds?: number } = {},
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
