import type { z } from "zod";
import type { KubeObject, ResourceKind } from "./meta.ts";

/** A column of `kubectl get`. */
export interface PrinterColumn {
  name: string;
  type: "string" | "integer" | "date";
  jsonPath: string;
  description: string;
  /** Above 0: only with `-o wide`. */
  priority?: number;
}

/** A kind that this project defines: what its CRD says, and the schema that parses its objects. */
export interface CustomKind<T extends KubeObject = KubeObject> extends ResourceKind<T> {
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  /** What the status of a new object says beside `unseenStatus`, before the operator has seen it. */
  readonly initialStatus?: object;
  readonly schema: z.ZodType<T>;
  readonly printerColumns: readonly PrinterColumn[];
  /** Paths that field selectors may name besides `metadata.name` and `metadata.namespace`. */
  readonly selectableFields: readonly string[];
}

/** An object of the kind, or what is wrong with it in one line per error, each with its path. */
export type Parsed<T> = { ok: true; object: T } | { ok: false; errors: string[] };
