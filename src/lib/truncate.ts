/** The text if it has at most so many bytes of UTF-8, else its beginning and `…` within that limit. */
export function truncate(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  let end = bytes - Buffer.byteLength("…");
  // Continuation bytes begin with the bits 10: no character is cut in two.
  while (end > 0 && ((encoded[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${encoded.toString("utf8", 0, end)}…`;
}
