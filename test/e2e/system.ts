import { inject } from "vitest";
import { kubectl } from "../support/installed.ts";

export type Component = "operator" | "gateway" | "egress";

const namespace = ["--namespace", "sandkeep-system"];

/** Kills all Pods of a component at once; others take their place. */
export async function killAll(component: Component): Promise<void> {
  const selector = `app.kubernetes.io/component=${component}`;
  await inSystem(["delete", "pods", "--grace-period=0", "--force", "--selector", selector]);
}

/** Replaces all Pods of a component one after the other, as an upgrade does; resolves once that is done. */
export async function rollOut(component: Component): Promise<void> {
  await inSystem(["rollout", "restart", `deployment/sandkeep-${component}`]);
  await rolledOut(component);
}

/** Resolves once as many Pods of a component as there should be are ready. */
export async function rolledOut(component: Component): Promise<void> {
  await inSystem(["rollout", "status", `deployment/sandkeep-${component}`, "--timeout=120s"]);
}

/** Has so many Pods of a component; resolves once they are ready, or all are gone. */
export async function scale(component: Component, replicas: number): Promise<void> {
  await inSystem(["scale", `deployment/sandkeep-${component}`, `--replicas=${replicas}`]);
  const selector = `app.kubernetes.io/component=${component}`;
  if (replicas > 0) await rolledOut(component);
  else await inSystem(["wait", "--for=delete", "pod", "--selector", selector, "--timeout=300s"]);
}

/** The addresses of the Pods of a component. */
export async function addressesOf(component: Component): Promise<string[]> {
  const selector = `app.kubernetes.io/component=${component}`;
  const output = ["--field-selector=status.phase=Running", "--output=jsonpath={.items[*].status.podIP}"];
  return (await inSystem(["get", "pods", "--selector", selector, ...output])).split(" ");
}

async function inSystem(args: string[]): Promise<string> {
  return await kubectl(inject("installed"), [...namespace, ...args]);
}
