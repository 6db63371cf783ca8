import type { LinkTarget } from "../../agent-link/open.ts";
import { classNameOf } from "../../api/class/name.ts";
import { DEFAULT_CLASS } from "../../api/constants.ts";
import { READINESS_PROBE } from "../../api/readiness-probe.ts";
import { SANDBOX_APP } from "../../api/sandbox-app.ts";
import { SANDBOX_CLASS, type SandboxClass } from "../../api/sandbox-class.ts";
import { SANDBOX, type Sandbox, type SandboxStatus } from "../../api/sandbox.ts";
import type { KubeObject, ObjectMeta, ResourceKind } from "../../api/meta.ts";
import { isNotFound } from "../../kube/api-error.ts";
import type { Kube } from "../../kube/client.ts";
import { NODE, type Pod, POD } from "../../kube/objects.ts";
import { Allowance } from "../../lib/allowance.ts";
import type { ImageInspector } from "../../registry/inspect.ts";
import { Controller, type Pass, type Result } from "../../runtime/controller.ts";
import { keyOfObject } from "../../runtime/key.ts";
import { perform, type Performer } from "../../runtime/perform.ts";
import type { Plan } from "../../runtime/plan.ts";
import type { ClusterFacts } from "../facts.ts";
import { parsed } from "../../runtime/parsed.ts";
import { within, type World } from "../world.ts";
import { imageWanted } from "./admission.ts";
import { builtInClass } from "./class.ts";
import { countSteps } from "./metrics.ts";
import { relabelledInTime, relabelRate } from "../network/relabel.ts";
import { ImageLookups } from "./image-lookups.ts";
import { needsName } from "./name-claim.ts";
import { NameClaims } from "./name-claims.ts";
import type { NodeState } from "./node-loss.ts";
import type { Observed, ReadinessObservation, SandboxSettings } from "./observed.ts";
import { orphanPlan } from "./orphan.ts";
import { sandboxPlan } from "./plan.ts";
import { routeObjectsOf, type RouteReflectors } from "../tunnels/ingress/reflectors.ts";
import { type RouteState, routeStateOf } from "../tunnels/ingress/state.ts";
import { classTermsFor } from "./class-terms.ts";
import { answers } from "../tunnels/answers.ts";
import { Openings } from "../tunnels/openings.ts";
import { ToldPorts } from "../tunnels/told-ports.ts";
import { Inquiries, type InquiriesOptions } from "./inquiries.ts";
import {
  keptLimits,
  limitsId,
  limitsQuestion,
  longestTold,
  sameLimits,
  type TimeLimits,
  wantedLimits,
} from "./limits.ts";
import { readinessQuestion } from "./readiness.ts";
import { refusalFrom } from "./refusal.ts";
import { sourcesIn } from "./sources.ts";
import { isProbing } from "./status.ts";

export interface SandboxControllerOptions {
  kube: Kube;
  world: World;
  recorder: Performer["recorder"];
  settings: SandboxSettings;
  facts: () => ClusterFacts;
  /** What leads to tunnels in mode Ingress of classes; absent: that mode is not to be had. */
  routes?: RouteReflectors;
  /** Why that could not be made, by the sandbox's key. */
  routeProblems: ReadonlyMap<string, string>;
  openLink: InquiriesOptions["open"];
  inspector: ImageInspector;
  workers: number;
  log: InquiriesOptions["log"];
}

/** Makes Pods of sandboxes and keeps their status, until they are gone. */
export class SandboxController {
  readonly #options: SandboxControllerOptions;
  readonly #controller: Controller;
  readonly #readiness: Inquiries<ReadinessObservation>;
  readonly #limits: Inquiries<TimeLimits>;
  readonly #lookups: ImageLookups;
  readonly #names: NameClaims;
  readonly #toldPorts: ToldPorts;
  readonly #openings: Openings;
  readonly #relabels = new Allowance(relabelRate);

  constructor(options: SandboxControllerOptions) {
    const { kube, world, openLink, inspector, workers, log } = options;
    this.#options = options;
    this.#names = new NameClaims(kube, world.nameClaims.store);
    this.#controller = new Controller({
      name: "sandbox",
      sources: sourcesIn(world, options.routes),
      reconcile: (key, pass) => this.#reconcile(key, pass),
      workers,
      log,
    });
    const report = (key: string): void => this.trigger(key);
    this.#readiness = new Inquiries({ open: openLink, report, log });
    // An agent that was tampered with may never take them.
    this.#limits = new Inquiries({ open: openLink, report, log, longestPause: 60_000 });
    this.#lookups = new ImageLookups({ inspector, kube, report, log });
    this.#toldPorts = new ToldPorts(world.sandboxes);
    const { tunnels } = options.settings;
    this.#openings = new Openings({ settings: tunnels, told: this.#toldPorts, answers, report, log });
  }

  /** Looks at the sandbox with this key again, soon. */
  trigger(key: string): void {
    this.#controller.trigger(key);
  }

  async run(signal: AbortSignal): Promise<void> {
    await using _readiness = this.#readiness;
    await using _limits = this.#limits;
    await using _lookups = this.#lookups;
    await using _openings = this.#openings;
    await this.#controller.run(signal);
  }

  async #reconcile(key: string, pass: Pass): Promise<Result> {
    const { world } = this.#options;
    const stored = world.sandboxes.store.get(key);
    if (stored === undefined) return this.#release(key, pass);
    const observed = this.#lookUpImage(key, await this.#observe(key, parsed(SANDBOX, stored), pass));
    try {
      return await this.#perform(await this.#claimName(observed, pass), stored, pass);
    } catch (error) {
      const refusal = refusalFrom(error, ageOf(observed.sandbox));
      if (refusal === undefined) throw error;
      const result = await this.#perform({ ...observed, refusal }, stored, pass);
      if (refusal.final) return result;
      return { requeueAfter: Math.min(result.requeueAfter ?? Infinity, refusal.retryAfter) };
    }
  }

  async #perform(observed: Observed, stored: Sandbox, pass: Pass): Promise<Result> {
    const mayChange = (): boolean => this.#relabels.take(keyOfObject(observed.sandbox));
    const plan = relabelledInTime(await this.#plan(observed, pass), observed.pod, mayChange);
    await perform(plan, SANDBOX, stored, this.#performer(pass));
    if (plan.status !== undefined && plan.status.phase !== observed.sandbox.status?.phase) {
      const { phase, reason } = plan.status;
      pass.log.info({ phase, reason }, "the sandbox has a new phase");
      countSteps(observed.sandbox, plan.status);
    }
    this.#ask(observed, plan.status);
    if (plan.status?.phase === "Finished") {
      this.#lookups.forget(keyOfObject(observed.sandbox));
      await this.#names.release(observed.sandbox, pass.signal);
    }
    return plan.requeueAfter === undefined ? {} : { requeueAfter: plan.requeueAfter };
  }

  /** That nobody knows why a sandbox ended is final, and the store may lag behind who has asked for its end. */
  async #plan(observed: Observed, { signal }: Pass): Promise<Plan<Sandbox>> {
    const plan = sandboxPlan(observed, new Date());
    const { metadata, status } = observed.sandbox;
    if (plan.status?.reason !== "AgentLost" || status?.phase === "Finished") return plan;
    const current = await this.#lookUp(SANDBOX, metadata, signal);
    if (current === undefined || current.metadata.uid !== metadata.uid) return plan;
    return sandboxPlan({ ...observed, sandbox: parsed(SANDBOX, current) }, new Date());
  }

  /** Nothing is made for a sandbox before it has its name. */
  async #claimName(observed: Observed, { signal }: Pass): Promise<Observed> {
    if (!needsName(observed, new Date())) return observed;
    const nameHolder = await this.#names.claim(observed.sandbox, signal);
    return nameHolder === undefined ? observed : { ...observed, nameHolder };
  }

  /** The sandbox is gone; its Pod may be there yet. */
  async #release(key: string, pass: Pass): Promise<Result> {
    this.#readiness.forget(key);
    this.#limits.forget(key);
    this.#openings.forget(key);
    this.#lookups.forget(key);
    this.#names.forget(key);
    const pod = this.#options.world.pods.store.get(key);
    if (pod === undefined || (await this.#sandboxExists(pod, pass.signal))) return {};
    const { requeueAfter, ...plan } = orphanPlan(pod, await this.#nodeOf(pod, pass.signal), new Date());
    await perform({ apply: [], ...plan, events: [] }, POD, pod, this.#performer(pass));
    return requeueAfter === undefined ? {} : { requeueAfter };
  }

  /** The node of a Pod that is being deleted; that there is none is the API server's word. */
  async #nodeOf({ metadata, spec }: Pod, signal: AbortSignal): Promise<NodeState | undefined> {
    const name = spec?.nodeName;
    if (name === undefined || metadata.deletionTimestamp === undefined) return undefined;
    return this.#options.world.nodes.store.get(name) ?? (await this.#lookUp(NODE, { name }, signal)) ?? "gone";
  }

  /** The store of sandboxes may be behind that of Pods, and a running Pod must not be deleted for that. */
  async #sandboxExists({ metadata }: Pod, signal: AbortSignal): Promise<boolean> {
    if (metadata.deletionTimestamp !== undefined) return false;
    const sandbox = await this.#lookUp(SANDBOX, metadata, signal);
    return metadata.ownerReferences?.some(({ uid }) => uid === sandbox?.metadata.uid) === true;
  }

  async #observe(key: string, sandbox: Sandbox, { signal }: Pass): Promise<Observed> {
    const { world, settings, facts } = this.#options;
    const { uid } = sandbox.metadata;
    const pod = world.pods.store.get(key) ?? (await this.#unseenPod(sandbox, signal));
    const isOurs = pod?.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
    const app = world.apps.store.get(within(sandbox, sandbox.spec.app));
    const sandboxClass = this.#classFor(classNameOf({ sandbox, ...(app && { app: parsed(SANDBOX_APP, app) }) }));
    const { readinessProbeName = "" } = sandbox.spec;
    const probe = world.probes.store.get(within(sandbox, readinessProbeName));
    const node = pod && (await this.#nodeOf(pod, signal));
    const podUid = pod?.metadata.uid ?? "";
    const readiness = pod === undefined ? undefined : this.#readiness.answer(key, podUid);
    const opening = this.#openings.of(key, sandbox);
    const route = this.#routeOf(key, sandbox, isOurs ? pod : undefined);
    const limitsQuestioned = pod && limitsId(podUid, wantedLimits(sandbox, pod));
    const limits = limitsQuestioned === undefined ? undefined : this.#limits.answer(key, limitsQuestioned);
    const limitsMute = limitsQuestioned !== undefined && this.#limits.isMute(key, limitsQuestioned);
    return {
      sandbox,
      ...(pod !== undefined && (isOurs ? { pod } : { earlierPod: pod })),
      ...(node && { node }),
      ...(sandboxClass && { sandboxClass }),
      ...(app && { app: parsed(SANDBOX_APP, app) }),
      ...(probe && { probe: parsed(READINESS_PROBE, probe) }),
      ...(readiness && { readiness }),
      ...(limits && { limits }),
      ...(limitsMute && { limitsMute }),
      ...(opening && { opening }),
      ...(this.#toldPorts.isContested(sandbox) && { portContested: true }),
      ...(route && { route }),
      policies: world.policies.store.by("namespace", sandbox.metadata.namespace ?? ""),
      facts: facts(),
      settings,
    };
  }

  /** Whether clients are led to it, until its tunnels have been told; then only what keeps a change of that from being made. */
  #routeOf(key: string, sandbox: Sandbox, pod: Pod | undefined): RouteState | undefined {
    const { routes, routeProblems, facts } = this.#options;
    if (routes === undefined || pod === undefined) return undefined;
    const problem = routeProblems.get(key);
    if (!asksForTunnels(sandbox)) return problem === undefined ? undefined : { kind: "missing", message: problem };
    const terms = classTermsFor({ pod, facts: facts() })?.tunnels;
    return terms && routeStateOf(sandbox, terms, routeObjectsOf(routes, key), problem);
  }

  /** Adds what is known of the image, if nothing but its ENTRYPOINT keeps the sandbox from running. */
  #lookUpImage(key: string, observed: Observed): Observed {
    const wanted = imageWanted(observed, new Date());
    if (wanted === undefined) {
      this.#lookups.forget(key);
      return observed;
    }
    const lookup = this.#lookups.observe(key, wanted);
    const askedAt = this.#lookups.askedAt(key);
    return { ...observed, ...(lookup && { lookup }), ...(askedAt !== undefined && { askedAt }) };
  }

  /**
   * A Pod that ran and is not in the store is gone, or this replica has just begun to lead and its Pods are older than its
   * sandboxes. What follows is final, so the API server is asked.
   */
  async #unseenPod({ metadata, status }: Sandbox, signal: AbortSignal): Promise<Pod | undefined> {
    if (status?.scheduledAt === undefined || status.finishedAt !== undefined) return undefined;
    return this.#lookUp(POD, metadata, signal);
  }

  async #lookUp<T extends KubeObject>(
    kind: ResourceKind<T>,
    { namespace, name }: ObjectMeta,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    try {
      return await this.#options.kube.get(kind, { name, ...(namespace !== undefined && { namespace }) }, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #classFor(name: string): SandboxClass | undefined {
    const stored = this.#options.world.classes.store.get(name);
    if (stored !== undefined) return parsed(SANDBOX_CLASS, stored);
    return name === DEFAULT_CLASS ? builtInClass : undefined;
  }

  /** Asks the agent what only it knows, and tells it what it has to know, for as long as that is open. */
  #ask({ sandbox, pod, sandboxClass, portContested }: Observed, status: SandboxStatus | undefined): void {
    const key = keyOfObject(sandbox);
    const { namespace = "", name = "", uid = "" } = pod?.metadata ?? {};
    const target: LinkTarget = { namespace, pod: name, uid };

    if (pod !== undefined && status !== undefined && isProbing(status)) {
      this.#readiness.ensure(key, readinessQuestion(target));
    } else this.#readiness.forget(key);

    const wanted = pod !== undefined && isRunning(pod, status) ? wantedLimits(sandbox, pod) : undefined;
    // What an agent was told before may not be on record, also when what is wanted is again what is.
    if (pod !== undefined && wanted !== undefined && (this.#limits.has(key) || !sameLimits(wanted, keptLimits(pod)))) {
      const { generation = 0 } = sandbox.metadata;
      this.#limits.ensure(key, limitsQuestion(target, generation, wanted, longestTold(sandbox, pod)));
    } else this.#limits.forget(key);

    const address = pod !== undefined && isRunning(pod, status) ? pod.status?.podIP : undefined;
    const isAsked = asksForTunnels(sandbox) || portContested === true;
    if (isAsked && address !== undefined && sandboxClass !== undefined) {
      this.#openings.ensure(key, { sandbox, sandboxClass: sandboxClass.spec, address });
    } else this.#openings.forget(key);
  }

  #performer({ signal }: Pass): Performer {
    const { kube, recorder, world } = this.#options;
    // Policies are left out: they are compared in full, and a changed one must be applied whatever its hash says.
    return { kube, recorder, caches: [world.sandboxes, world.pods], signal };
  }
}

/** Milliseconds since it was created. */
function ageOf({ metadata }: Sandbox): number {
  return Date.now() - Date.parse(metadata.creationTimestamp ?? "");
}

/** It has tunnels, and nobody has been told yet where they are. */
function asksForTunnels({ spec, status }: Sandbox): boolean {
  return (spec.tunnels ?? []).length > 0 && status?.tunnels === undefined;
}

/** There is an agent that can be told something. */
function isRunning({ metadata }: Pod, status: SandboxStatus | undefined): boolean {
  return metadata.deletionTimestamp === undefined && (status?.phase === "Started" || status?.phase === "Ready");
}
