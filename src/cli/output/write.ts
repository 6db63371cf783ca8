import { OutputClosed } from "../errors.ts";

/** Writes to standard output or error; resolves once more can be taken. Rejects with `OutputClosed` when nobody reads it any more. */
export function write(data: string | Uint8Array, stream: NodeJS.WriteStream = process.stdout): Promise<void> {
  return new Promise((resolve, reject) => {
    // Without a listener, the error would end the program with a stack.
    if (stream.listenerCount("error") === 0) stream.on("error", () => {});
    stream.write(data, (error) => {
      if (!error) resolve();
      else reject("code" in error && error.code === "EPIPE" ? new OutputClosed() : error);
    });
  });
}
