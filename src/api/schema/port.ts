import { z } from "zod";

/** A TCP port. */
export const port = z
  .int()
  .min(1, { error: ({ input }) => `Too small: a port is 1 to 65535, got ${String(input)}` })
  .max(65_535, { error: ({ input }) => `Too big: a port is 1 to 65535, got ${String(input)}` });
