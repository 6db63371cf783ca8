/** Anything that JSON can say. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The member by which the items of a Pod's lists are told apart; lists that are not here are replaced as a whole. */
const mergeKeys: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  volumes: "name",
  env: "name",
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
  ports: "containerPort",
  imagePullSecrets: "name",
  hostAliases: "ip",
  topologySpreadConstraints: "topologyKey",
  resourceClaims: "name",
  schedulingGates: "name",
  ownerReferences: "uid",
};

/**
 * The Pod with a strategic merge patch applied, as the API server and `kubectl patch` do it: maps are merged, `null` removes a
 * member, items of keyed lists are merged with those of the same key, and `$patch: delete` and `$patch: replace` do what they
 * say. Throws for other directives and for items without their key.
 */
export function strategicMerge(original: Json, patch: Json, field = ""): Json {
  if (isMap(patch)) return mergedMap(isMap(original) ? original : {}, patch);
  if (!Array.isArray(patch)) return patch;
  const items = Array.isArray(original) ? original : [];
  const key = mergeKeys[field];
  if (key !== undefined) return mergedList(items, patch, field, key);
  return field === "finalizers" ? [...new Set([...items, ...patch])] : patch.map((item) => strategicMerge(null, item));
}

type JsonMap = Record<string, Json>;

function mergedMap(original: JsonMap, { $patch, ...patch }: JsonMap): JsonMap {
  const members = new Map(Object.entries(isReplacement($patch) ? {} : original));
  if ($patch === "delete") return {};
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith("$")) throw new Error(`${name} is not supported: of the directives only $patch is`);
    if (value === null) members.delete(name);
    else members.set(name, strategicMerge(members.get(name) ?? null, value, name));
  }
  return Object.fromEntries(members);
}

function mergedList(original: Json[], patch: Json[], field: string, key: string): Json[] {
  const replaces = patch.some((item) => isMap(item) && Object.keys(item).length === 1 && isReplacement(item["$patch"]));
  const items = replaces ? [] : [...original];
  for (const item of patch) {
    if (!isMap(item)) throw new Error(`an item of ${field} is no object`);
    const { $patch, ...members } = item;
    if (replaces && Object.keys(members).length === 0) continue;
    const id = members[key];
    if (id === undefined) throw new Error(`an item of ${field} has no ${key}`);
    const index = items.findIndex((one) => isMap(one) && one[key] === id);
    if ($patch === "delete") items.splice(index === -1 ? items.length : index, 1);
    else items.splice(index === -1 ? items.length : index, 1, strategicMerge(items[index] ?? null, item));
  }
  return items;
}

function isReplacement(directive: Json | undefined): boolean {
  if (directive === undefined || directive === "delete" || directive === "merge") return false;
  if (directive === "replace") return true;
  throw new Error(`$patch is ${JSON.stringify(directive)} and must be delete, merge or replace`);
}

function isMap(value: Json | undefined): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
