export interface BackoffOptions {
  /** Upper bound of the first delay, in milliseconds. */
  first: number;
  /** Upper bound of every delay, in milliseconds. */
  most: number;
}

/**
 * The delay in milliseconds before retry number `attempt` (0 is the first): the bound doubles with each attempt, and the
 * delay is anywhere below it ("full jitter"), so that many clients that failed together do not return together.
 */
export function backoff(attempt: number, { first, most }: BackoffOptions, random: () => number = Math.random): number {
  return random() * Math.min(most, first * 2 ** attempt);
}
