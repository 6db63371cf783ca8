import { textDecoder } from "./text-decoder.ts";
/** How octets become the chunks of a stream. */
export interface Chunks<R> {
  /** The chunks that end with these octets; none when more must come first. */
  from: (octets: Uint8Array) => R[];
  /** What is left when no more comes. */
  rest: () => R[];
}

/** The octets as they come. */
export function binary(): Chunks<Uint8Array> {
  return { from: (octets) => [octets], rest: () => [] };
}

/** Text as it comes, no character cut in two. */
export function text(): Chunks<string> {
  const decoder = textDecoder();
  return {
    from: (octets) => unlessEmpty(decoder.decode(octets, { stream: true })),
    rest: () => unlessEmpty(decoder.decode()),
  };
}

function unlessEmpty(part: string): string[] {
  return part === "" ? [] : [part];
}

/** Whole lines with their ends; the last one may have none. */
export function lines(): Chunks<string> {
  const decoder = textDecoder();
  let begun = "";
  return {
    from(octets) {
      const parts = decoder.decode(octets, { stream: true }).split("\n");
      const last = parts.pop() ?? "";
      if (parts.length === 0) {
        begun += last;
        return [];
      }
      parts[0] = begun + (parts[0] ?? "");
      begun = last;
      return parts.map((line) => `${line}\n`);
    },
    rest() {
      begun += decoder.decode();
      return begun === "" ? [] : [begun];
    },
  };
}
