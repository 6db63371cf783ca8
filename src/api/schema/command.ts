import { z } from "zod";
import { listOf } from "./collection.ts";

/** Most characters that a command and its arguments may have together. */
export const MAX_COMMAND_LENGTH = 65_536;

/** A program and its arguments, or a part of them. No shell splits or expands anything. */
export const words = listOf(z.string().max(MAX_COMMAND_LENGTH), 1024);

/** How many characters there are in all, counted as CEL does. */
export function characters(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Array.from(text).length, 0);
}
