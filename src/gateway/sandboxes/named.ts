import type { Sandbox } from "../../api/sandbox.ts";
import { isFinished } from "./life.ts";

/** A sandbox's `spec.app` and `spec.name`. */
export interface NameInApp {
  app: string;
  name: string;
}

/** Those that have or want the name, of those that have not finished: who runs before who came first. */
export function contendersFor(sandboxes: Sandbox[], { app, name }: NameInApp): Sandbox[] {
  return sandboxes
    .filter((sandbox) => sandbox.spec.app === app && sandbox.spec.name === name && !isFinished(sandbox))
    .sort((a, b) => Number(runs(b)) - Number(runs(a)) || createdAt(a) - createdAt(b));
}

function runs({ status }: Sandbox): boolean {
  return status?.podName !== undefined;
}

function createdAt({ metadata }: Sandbox): number {
  return Date.parse(metadata.creationTimestamp ?? "");
}
