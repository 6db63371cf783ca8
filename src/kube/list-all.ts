import type { KubeObject, ResourceKind } from "../api/meta.ts";
import type { Kube, ListOptions } from "./client.ts";

/** All objects of a kind, read in pages of 500; `resourceVersion` is where a watch goes on. Throws 410 if it takes too long. */
export async function listAll<T extends KubeObject>(
  kube: Kube,
  kind: ResourceKind<T>,
  options: Omit<ListOptions, "limit" | "continue"> = {},
): Promise<{ items: T[]; resourceVersion: string }> {
  const items: T[] = [];
  let page = await kube.list(kind, { ...options, limit: 500 });
  items.push(...page.items);
  while (page.continue !== undefined) {
    page = await kube.list(kind, { ...options, limit: 500, continue: page.continue });
    items.push(...page.items);
  }
  return { items, resourceVersion: page.resourceVersion };
}
