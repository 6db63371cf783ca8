const newline = 10;

/** The UTF-8 lines of a byte stream, without their ends; a last line without an end counts only if it is not empty. */
export async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, void> {
  let pending: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
      pending.push(chunk.subarray(from, end));
      yield Buffer.concat(pending).toString("utf8");
      pending = [];
      from = end + 1;
    }
    if (from < chunk.length) pending.push(chunk.subarray(from));
  }
  if (pending.length > 0) yield Buffer.concat(pending).toString("utf8");
}
