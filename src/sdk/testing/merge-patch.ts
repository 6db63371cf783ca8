/** A value as a JSON merge patch (RFC 7396) changes it: null takes a member away, and what is missing stays. */
export function mergePatch(before: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const kept = isObject(before) ? before : {};
  const merged = new Map(Object.entries(kept));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(kept[name], value));
  }
  return Object.fromEntries(merged);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
