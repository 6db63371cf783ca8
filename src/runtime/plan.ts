import type { KubeObject, ResourceKind } from "../api/meta.ts";
import type { ObjectName } from "../kube/client.ts";

/** What one pass of a controller wants done, as data. `perform` does it in this order. */
export interface Plan<S extends KubeObject = KubeObject> {
  /** Objects to bring to these fields, by server-side apply, in order. */
  apply: Apply[];
  /** Objects to take away, each only in the incarnation named by `uid`. */
  remove: Remove[];
  /** The whole status of the reconciled object; written only when it differs from what is stored. */
  status?: S extends { status?: infer Status } ? Status : never;
  /** Finalizers of an object as a whole set, guarded by its resourceVersion. After the status: it may record what goes. */
  finalizers?: SetFinalizers[];
  /** Recorded on the reconciled object once its status is written. */
  events: PlannedEvent[];
  /** Milliseconds until the next look; absent: when something changes. */
  requeueAfter?: number;
}

export interface Apply<T extends KubeObject = KubeObject> {
  kind: ResourceKind<T>;
  object: T;
  /** Created once and never applied again, as for Pods, whose spec is immutable. */
  createOnly?: boolean;
  /**
   * What others have added to its `spec` goes as well, though by apply everybody keeps the fields that nobody else says. For
   * objects whose additions count as much as what was there.
   */
  wholeSpec?: boolean;
}

export interface Remove {
  kind: ResourceKind;
  name: ObjectName;
  uid: string;
  gracePeriodSeconds?: number;
}

export interface SetFinalizers {
  kind: ResourceKind;
  name: ObjectName;
  resourceVersion: string;
  finalizers: string[];
}

export interface PlannedEvent {
  type: "Normal" | "Warning";
  reason: string;
  message: string;
}
