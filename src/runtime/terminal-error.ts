/** What trying again cannot fix. The message stands in a condition, so it says what to do. */
export class TerminalError extends Error {
  override name = "TerminalError";
}
