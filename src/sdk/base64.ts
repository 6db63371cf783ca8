type Decode = (text: string) => Uint8Array;

/** The octets that base64 stands for. */
export const fromBase64: Decode =
  (Uint8Array as { fromBase64?: Decode }).fromBase64 ??
  ((text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
