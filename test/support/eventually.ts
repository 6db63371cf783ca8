import { vi } from "vitest";

/** Resolves once the assertion holds; rejects with its failure when it has not for a minute. Advances fake timers meanwhile. */
export async function eventually(assertion: () => unknown): Promise<void> {
  await vi.waitFor(assertion, { timeout: 60_000, interval: 5 });
}
