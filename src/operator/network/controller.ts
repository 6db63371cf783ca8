import { isDeepStrictEqual } from "node:util";
import { LABELS } from "../../api/constants.ts";
import { SANDBOX } from "../../api/sandbox.ts";
import type { KubeObject } from "../../api/meta.ts";
import type { Kube } from "../../kube/client.ts";
import { NETWORK_POLICY, type NetworkPolicy, type Pod } from "../../kube/objects.ts";
import type { Log } from "../../log.ts";
import { Controller, type Pass, type Result } from "../../runtime/controller.ts";
import { keyOf } from "../../runtime/key.ts";
import { parsed } from "../../runtime/parsed.ts";
import { perform, type Performer } from "../../runtime/perform.ts";
import type { Reflector } from "../../runtime/reflector.ts";
import { known, onMapped, onSelf, type Source } from "../../runtime/source.ts";
import type { ClusterFacts } from "../facts.ts";
import type { SandboxSettings } from "../sandbox/observed.ts";
import { ruleFor } from "../sandbox/pod-inputs.ts";
import { sandboxNameOf, type World } from "../world.ts";
import { rangesOfNode, rangesOfServices, rangesOfSlice } from "../../kube/own-ranges.ts";
import { egressBehind } from "./egress.ts";
import {
  allowPolicyFor,
  clusterNetwork,
  denyAllPolicyFor,
  isDenyAll,
  isOurs,
  networkLabel,
  policyKeysOf,
} from "./policy.ts";
import { Unused } from "./unused.ts";
import { type PolicyState, upkeepPlan } from "./upkeep.ts";

export interface PolicyControllerOptions {
  kube: Kube;
  world: World;
  recorder: Performer["recorder"];
  settings: Pick<SandboxSettings, "network" | "tunnels">;
  facts: () => ClusterFacts;
  log: Log;
}

/** Keeps policies as the sandboxes under them want them, also when the cluster's own addresses change, and takes away unused ones. */
export function policyController(options: PolicyControllerOptions): Controller {
  const { kube, world, recorder, settings, facts, log } = options;
  const { policies, pods, sandboxes } = world;
  const unused = new Unused();

  async function reconcile(key: string, { signal }: Pass): Promise<Result> {
    if (!isOurs(key)) return {};
    const state = stateOf(key);
    const { requeueAfter, ...plan } = upkeepPlan(state);
    const policy = state.stored ?? state.wanted;
    if (policy === undefined) return {};
    await perform({ ...plan }, NETWORK_POLICY, policy, { kube, recorder, signal });
    return requeueAfter === undefined ? {} : { requeueAfter };
  }

  function stateOf(key: string): PolicyState {
    const stored = policies.store.get(key);
    // Thousands may be under one policy, and each of them is a reason to look at it.
    const [user] = pods.store.each("policy", key);
    const isUsed = user !== undefined;
    if (isUsed || stored === undefined) {
      unused.forget(key);
      return { stored, wanted: wantedBy(pods.store.each("policy", key), key), isUsed, unusedFor: 0 };
    }
    const unusedFor = unused.unusedFor(key);
    // From now on it takes the place of another.
    if (unusedFor === 0) for (const other of unused.crowdedOut(key)) controller.trigger(other);
    return { stored, wanted: undefined, isUsed: false, unusedFor };
  }

  function wantedBy(users: Iterable<Pod>, key: string): NetworkPolicy | undefined {
    const now = facts();
    const cluster = clusterNetwork(settings.network, now);
    for (const pod of users) {
      const { namespace = "" } = pod.metadata;
      if (isDenyAll(key)) return denyAllPolicyFor(namespace);
      const stored = sandboxes.store.get(keyOf({ namespace, name: sandboxNameOf(pod) ?? "" }));
      const rule = stored && ruleFor({ sandbox: parsed(SANDBOX, stored), pod, facts: now, settings });
      // A sandbox whose rule was changed may still have the label of the rule before.
      if (rule && networkLabel(rule) === pod.metadata.labels?.[LABELS.network]) {
        return allowPolicyFor(namespace, rule, cluster);
      }
    }
    return undefined;
  }

  const controller = new Controller({
    name: "networkpolicy",
    sources: [
      onSelf(policies),
      onMapped(pods, policyKeysOf, ({ object, previous }) => !isDeepStrictEqual(labelsOf(object), labelsOf(previous))),
      onRanges(world.nodes, rangesOfNode, world),
      onRanges(world.apiServers, rangesOfSlice, world),
      ...(world.services ? [onRanges(world.services, rangesOfServices, world)] : []),
      onRanges(world.egress, egressBehind, world),
      known(sandboxes),
    ],
    reconcile,
    workers: 2,
    log,
  });
  return controller;
}

/** Every policy, when addresses or ports of the cluster's own change. */
function onRanges<T extends KubeObject>(
  reflector: Reflector<T>,
  rangesOf: (object: T) => unknown,
  { policies }: World,
): Source {
  return {
    ...known(reflector),
    subscribe(enqueue) {
      reflector.subscribe(({ object, previous }) => {
        if (isDeepStrictEqual(object && rangesOf(object), previous && rangesOf(previous))) return;
        for (const key of policies.store.keys()) enqueue(key);
      });
    },
  };
}

function labelsOf(pod: Pod | undefined): unknown {
  return pod && [pod.metadata.labels?.[LABELS.network], pod.metadata.labels?.[LABELS.sandbox]];
}
