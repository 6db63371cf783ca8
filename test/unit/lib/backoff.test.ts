import { expect, test } from "vitest";
import { backoff } from "../../../src/lib/backoff.ts";

test.each([
  { attempt: 0, random: 1, delay: 800 },
  { attempt: 1, random: 1, delay: 1_600 },
  { attempt: 5, random: 1, delay: 25_600 },
  { attempt: 6, random: 1, delay: 30_000 },
  { attempt: 5_000, random: 1, delay: 30_000 },
  { attempt: 3, random: 0.5, delay: 3_200 },
  { attempt: 3, random: 0, delay: 0 },
])("attempt $attempt with random $random waits $delay ms", ({ attempt, random, delay }) => {
  expect(backoff(attempt, { first: 800, most: 30_000 }, () => random)).toBe(delay);
});
