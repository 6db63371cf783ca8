import type { Sandbox } from "../../api/sandbox.ts";
import { isFinished } from "./life.ts";

/** A sandbox's `spec.app` and `spec.name`. */
export interface NameInApp {
  app: string;
  name: string;
}

/** The sandbox that has the name: of those that have not finished the one that runs, else the one that came first. */
export function namedSandbox(sandboxes: Sandbox[], { app, name }: NameInApp): Sandbox | undefined {
  const contenders = sandboxes.filter(
    (sandbox) => sandbox.spec.app === app && sandbox.spec.name === name && !isFinished(sandbox),
  );
  const running = contenders.find(({ status }) => status?.podName !== undefined);
  return running ?? contenders.toSorted((a, b) => createdAt(a) - createdAt(b))[0];
}

function createdAt({ metadata }: Sandbox): number {
  return Date.parse(metadata.creationTimestamp ?? "");
}
