/** Domains that may be reached, prepared so that the length of the list does not matter. */
export interface DomainList {
  /** Whether it has the name, which is as `hostName` gives it. `*.example.com` has all names below `example.com`, at any depth, and not that itself. */
  has(name: string): boolean;
}

/** The list of these patterns, in any case. */
export function domainList(patterns: readonly string[]): DomainList {
  const exact = new Set<string>();
  const below = new Set<string>();
  for (const pattern of patterns) {
    const text = pattern.toLowerCase();
    if (text.startsWith("*.")) below.add(text.slice(2));
    else exact.add(text);
  }
  return {
    has(name) {
      if (exact.has(name)) return true;
      for (let dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".", dot + 1)) {
        if (below.has(name.slice(dot + 1))) return true;
      }
      return false;
    },
  };
}
