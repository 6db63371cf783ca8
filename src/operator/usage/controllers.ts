import { READINESS_PROBE } from "../../api/readiness-probe.ts";
import { SANDBOX_APP } from "../../api/sandbox-app.ts";
import { SANDBOX_CLASS } from "../../api/sandbox-class.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { Kube } from "../../kube/client.ts";
import type { Log } from "../../log.ts";
import type { Controller } from "../../runtime/controller.ts";
import type { Performer } from "../../runtime/perform.ts";
import { classNameOf } from "../../api/class/name.ts";
import { within, type World } from "../world.ts";
import { usageController } from "./controller.ts";
import { appPlan, classPlan, probePlan } from "./plans.ts";

/** The controllers of the kinds that sandboxes name: probes, apps and classes. */
export function usageControllers(world: World, kube: Kube, recorder: Performer["recorder"], log: Log): Controller[] {
  const { sandboxes, probes, apps, classes } = world;
  const { store } = sandboxes;
  const common = { sandboxes, kube, recorder, log };
  const classOf = (sandbox: Sandbox): string => {
    const app = apps.store.get(within(sandbox, sandbox.spec.app));
    return classNameOf({ sandbox, ...(app && { app }) });
  };
  return [
    usageController({
      ...common,
      kind: READINESS_PROBE,
      reflector: probes,
      keyOf: (sandbox) => sandbox.spec.readinessProbeName && within(sandbox, sandbox.spec.readinessProbeName),
      usersOf: (key) => store.by("probe", key),
      plan: probePlan,
    }),
    usageController({
      ...common,
      kind: SANDBOX_APP,
      reflector: apps,
      keyOf: (sandbox) => within(sandbox, sandbox.spec.app),
      usersOf: (key) => store.by("app", key),
      plan: appPlan,
    }),
    usageController({
      ...common,
      kind: SANDBOX_CLASS,
      reflector: classes,
      keyOf: classOf,
      usersOf: (key) => [...store.values()].filter((sandbox) => classOf(sandbox) === key),
      plan: classPlan,
    }),
  ];
}
