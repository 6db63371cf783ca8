import { z } from "zod";

/** A point in time, RFC 3339; microseconds where this project writes it. */
export const timestamp = z.iso.datetime({ offset: true });

/** A duration in whole seconds from `min` to `max`. */
export function seconds(min: number, max: number): z.ZodInt {
  return z.int().min(min).max(max);
}

/** A duration in whole milliseconds from `min` to `max`. */
export function milliseconds(min: number, max: number): z.ZodInt {
  return z.int().min(min).max(max);
}
