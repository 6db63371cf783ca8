import { Failure } from "../errors.ts";

/** What the user types until the keys that leave the program running. */
export interface DetachKeys {
  /** What of this input goes to the program, and whether the keys have been typed. */
  take: (input: Uint8Array) => { through: Uint8Array; detached: boolean };
}

/** Looks for a sequence of keys, which may come in pieces. A begun one is held back until it is clear that it is none. */
export function detachKeys(keys: Uint8Array): DetachKeys {
  let matched = 0;
  return {
    take(input) {
      const through: number[] = [];
      for (const octet of input) {
        if (octet !== keys[matched]) {
          through.push(...keys.subarray(0, matched));
          matched = 0;
        }
        if (octet === keys[matched]) matched++;
        else through.push(octet);
        if (matched === keys.length && matched > 0) return { through: Uint8Array.from(through), detached: true };
      }
      return { through: Uint8Array.from(through), detached: false };
    },
  };
}

/** Octets of keys such as `ctrl-p,ctrl-q`; none for the empty text, which switches it off. */
export function keysOf(text: string): Uint8Array {
  if (text === "") return new Uint8Array();
  return Uint8Array.from(text.split(","), (key) => {
    const [, control] = /^ctrl-([a-z@[\\\]^_])$/.exec(key) ?? [];
    if (control !== undefined) return control.toUpperCase().charCodeAt(0) & 0x1f;
    if (/^[\x21-\x7e]$/.test(key)) return key.charCodeAt(0);
    throw new Failure(
      `"${key}" is no key`,
      "Write letters and ctrl-LETTER with commas between, such as ctrl-p,ctrl-q.",
    );
  });
}
