import type { Route } from "../../src/api/route.ts";

/** The request of a route's example, as it goes over HTTP. */
export interface ExampleRequest {
  method: Route["method"];
  /** With the query. */
  path: string;
  body: string | undefined;
}

/** A route's example in some namespace, about some sandbox. */
export function exampleRequest(route: Route, names: { namespace: string; id: string }): ExampleRequest {
  const params: Record<string, string> = { ...names, ...route.example.params };
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
  const query = new URLSearchParams(route.example.query).toString();
  return {
    method: route.method,
    path: `/v1${path}${query && `?${query}`}`,
    body: bodyOf(route),
  };
}

function bodyOf({ body, example }: Route): string | undefined {
  if (body === undefined) return undefined;
  return typeof example.body === "string" ? example.body : JSON.stringify(example.body ?? null);
}
