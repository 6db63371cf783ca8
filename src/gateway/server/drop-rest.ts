import type { IncomingMessage, ServerResponse } from "node:http";

/** How long a client may go on sending a body that has been refused: some MiB on their way take seconds where all is busy. */
const restMilliseconds = 10_000;

/** Reads what still comes of a request that is answered already. A connection closed at once, on octets unread, would take the reply with it. */
export function dropRest(request: IncomingMessage, { socket }: ServerResponse): void {
  if (request.complete) return;
  const late = setTimeout(() => socket?.destroy(), restMilliseconds);
  request.once("close", () => clearTimeout(late)).resume();
}
