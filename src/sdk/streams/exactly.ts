import { InvalidError } from "../errors.ts";

/** The octets as they come; throws an `InvalidError` when they are not so many as was said. */
export async function* exactly(size: number, data: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  let done = 0;
  for await (const octets of data) {
    done += octets.length;
    if (done > size) break;
    yield octets;
  }
  if (done === size) return;
  const many = done > size ? "more" : `${done}`;
  throw new InvalidError(
    "invalid_argument",
    "request",
    `The stream has ${many} octets, not the ${size} that were said`,
  );
}
