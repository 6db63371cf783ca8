/** Decodes UTF-8, with U+FFFD for what is none. A byte order mark is text as any other. */
export function textDecoder(): TextDecoder {
  return new TextDecoder("utf-8", { ignoreBOM: true });
}
