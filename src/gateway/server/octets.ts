import type { IncomingMessage } from "node:http";
import { SandkeepError } from "../../api/errors.ts";

/** How much of a body is taken into memory. */
export const maxOctets = 1 << 20;

/** The whole body of a request. Throws a refusal when it is over 1 MiB. */
// By events: iterating over a request costs as much as all the rest of reading it.
export function readOctets(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let octets = 0;
    request.on("data", (chunk: Buffer) => {
      octets += chunk.length;
      if (octets <= maxOctets) chunks.push(chunk);
      else reject(tooLarge());
    });
    request.once("end", () => resolve(Buffer.concat(chunks)));
    request.once("error", (cause) =>
      reject(new SandkeepError("unavailable", "request", "The client went before the end of its body", { cause })),
    );
  });
}

/** The refusal of a larger one. */
export function tooLarge(): SandkeepError {
  return new SandkeepError("file_too_large", "request", "Cannot take the body: it is over 1 MiB");
}
