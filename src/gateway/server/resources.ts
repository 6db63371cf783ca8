import { routes, type Route, type RouteName } from "../../api/routes.ts";

/** What a path leads to. */
export interface Resource {
  /** Its operations by HTTP method. */
  operations: ReadonlyMap<string, RouteName>;
  /** What the path says, decoded but not checked. */
  params: Record<string, string>;
}

interface Template {
  /** Below `/v1`: `namespaces`, `{namespace}`, … */
  segments: string[];
  operations: Map<string, RouteName>;
}

const prefix = "/v1/";
const templatesByLength = Map.groupBy(templates(), ({ segments }) => segments.length);

/**
 * The resource of a path, if the API has it; a slash at the end changes nothing. Segments are compared as they were sent
 * and decoded afterwards, so that no escape makes one segment two, or another word of it. Throws `URIError` for escapes
 * that are none.
 */
export function findResource(path: string): Resource | undefined {
  const segments = segmentsOf(path);
  const template = templateOf(segments);
  return template && { operations: template.operations, params: paramsOf(template, segments) };
}

/** Whether what the path leads to is a WebSocket. Never throws. */
export function isWebSocket(path: string): boolean {
  const name = templateOf(segmentsOf(path))?.operations.get("GET");
  if (name === undefined) return false;
  const { reply }: Route = routes[name];
  return reply.webSocket !== undefined;
}

/** What is below `/v1`; nothing for other paths. */
function segmentsOf(path: string): string[] {
  if (!path.startsWith(prefix)) return [];
  return path.slice(prefix.length, path.endsWith("/") ? -1 : undefined).split("/");
}

function templateOf(segments: string[]): Template | undefined {
  return templatesByLength.get(segments.length)?.find((candidate) => matches(candidate, segments));
}

function templates(): Template[] {
  const byPath = new Map<string, Template>();
  for (const [name, { path, method }] of Object.entries(routes) as [RouteName, Route][]) {
    const template = byPath.get(path) ?? { segments: path.slice(1).split("/"), operations: new Map() };
    byPath.set(path, { ...template, operations: template.operations.set(method, name) });
  }
  // Where a word and a parameter both match, the word is meant.
  return [...byPath.values()].toSorted((a, b) => parameters(a) - parameters(b));
}

function parameters({ segments }: Template): number {
  return segments.filter(isParam).length;
}

function matches(template: Template, segments: string[]): boolean {
  return template.segments.every((wanted, i) => (isParam(wanted) ? segments[i] !== "" : segments[i] === wanted));
}

function paramsOf(template: Template, segments: string[]): Record<string, string> {
  const params: Record<string, string> = {};
  template.segments.forEach((wanted, i) => {
    if (isParam(wanted)) params[wanted.slice(1, -1)] = decodeURIComponent(segments[i] ?? "");
  });
  return params;
}

function isParam(segment: string): boolean {
  return segment.startsWith("{");
}
