import type { CustomKind } from "../../../src/api/kind.ts";

/** Manifests of one kind, and what becomes of them. */
export interface Manifests {
  kind: CustomKind;
  accepted: Accepted[];
  rejected: Rejected[];
}

export interface Accepted {
  title: string;
  spec: unknown;
}

export interface Rejected {
  /** The rule, as a sentence. */
  title: string;
  spec: unknown;
  /** Where the error points, such as `spec.tunnels[0].port`. */
  field: string;
  /** What the API server says. */
  message: string;
  /** What our own schema says; the same, when the rule is ours. */
  parsed: string;
  /** Other than a valid one. */
  name?: string;
}

/** A manifest against a rule of ours: API server and gateway say the same. */
export function against(title: string, spec: unknown, field: string, message: string): Rejected {
  return { title, spec, field, message, parsed: message };
}

/** A manifest beyond a bound of the schema: API server and gateway use their libraries' words. */
export function beyond(title: string, spec: unknown, field: string, message: string, parsed: string): Rejected {
  return { title, spec, field, message, parsed };
}

export function accepted(title: string, spec: unknown): Accepted {
  return { title, spec };
}

/** `count` items made by index. */
export function many<T>(count: number, item: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => item(index));
}

/** A map of `count` entries. */
export function manyEntries<T>(count: number, value: T): Record<string, T> {
  return Object.fromEntries(many(count, (index) => [`k${index}`, value]));
}
