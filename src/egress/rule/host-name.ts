const label = /^[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?$/;

/**
 * A host's name as rules compare it: in lower case, without the dot at its end. `undefined` for what is no name, addresses
 * among them: those are reached directly, or not at all.
 */
export function hostName(text: string): string | undefined {
  const name = text.toLowerCase().replace(/[.]$/, "");
  if (name.length === 0 || name.length > 253) return undefined;
  const labels = name.split(".");
  // Nothing that ends in a number is a name: inet_aton takes "1", "0x7f.1" and the like for addresses.
  if (/^(0x[0-9a-f]*|[0-9]+)$/.test(labels.at(-1) ?? "")) return undefined;
  return labels.every((one) => label.test(one)) ? name : undefined;
}
