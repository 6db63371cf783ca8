import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SANDBOX } from "../../../../../src/api/sandbox.ts";
import { INGRESS, POD, SERVICE } from "../../../../../src/kube/objects.ts";
import { classTermAnnotations } from "../../../../../src/operator/sandbox/class-terms.ts";
import { routeController } from "../../../../../src/operator/tunnels/ingress/controller.ts";
import { routeObjectsFor } from "../../../../../src/operator/tunnels/ingress/objects.ts";
import { routeReflectors } from "../../../../../src/operator/tunnels/ingress/reflectors.ts";
import { worldOf } from "../../../../../src/operator/world.ts";
import { MemoryKube, refused } from "../../../../support/memory-kube.ts";
import { silentLog } from "../../../../support/silent-log.ts";
import { aClass, aPod, aSandbox, facts } from "../../builders.ts";
import { ingressTerms } from "./terms.ts";

const terms = ingressTerms();
const sandbox = aSandbox({ tunnels: [{ port: 80 }] });
const annotations = classTermAnnotations(aClass({ tunnels: terms }).spec, facts);
const [service] = routeObjectsFor(sandbox, terms).services;
const [ingress] = routeObjectsFor(sandbox, terms).ingresses;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Runs the controller over what is stored, of which it has been told the sandbox, but no Pod; returns what it reported. */
async function run(kube: MemoryKube): Promise<(string | undefined)[]> {
  const told = new MemoryKube();
  told.put(SANDBOX, sandbox);
  const world = worldOf(told, silentLog, { release: "sandkeep-system", tellsServices: false });
  const routes = routeReflectors(kube, silentLog);
  const reported: (string | undefined)[] = [];
  const report = (key: string): void => void reported.push(problems.get(key));
  const recorder = { record: () => {} };
  const problems = new Map<string, string>();
  const controller = routeController({
    kube,
    world,
    routes,
    problems,
    report,
    recorder,
    facts: () => facts,
    log: silentLog,
  });
  const stopping = new AbortController();
  const running = [...Object.values(world), ...Object.values(routes), controller].map((each) =>
    each.run(stopping.signal),
  );
  await vi.advanceTimersByTimeAsync(5000);
  stopping.abort();
  await vi.advanceTimersByTimeAsync(1000);
  await Promise.allSettled(running);
  return reported;
}

it.each([true, false])(
  "of a sandbox whose Pod it has not been told of they stay if that is there: %j",
  async (isThere) => {
    const kube = new MemoryKube();
    if (isThere) kube.put(POD, aPod({ phase: "Running", metadata: { annotations } }, sandbox));
    if (service) kube.put(SERVICE, { ...service, metadata: { ...service.metadata, uid: "a" } });
    if (ingress) kube.put(INGRESS, { ...ingress, metadata: { ...ingress.metadata, uid: "b" } });
    await run(kube);
    const name = { namespace: "n", name: service?.metadata.name ?? "" };
    expect([kube.peek(SERVICE, name), kube.peek(INGRESS, name)].map((object) => object !== undefined)).toEqual([
      isThere,
      isThere,
    ]);
  },
);

it("reports what keeps them from being changed, once, and that it is over", async () => {
  const kube = new MemoryKube();
  kube.put(POD, aPod({ phase: "Running", metadata: { annotations } }, sandbox));
  if (service) kube.put(SERVICE, service);
  const denied = refused(403, "Forbidden", INGRESS, { namespace: "n", name: "a" });
  let attempts = 0;
  kube.onCall = (call) => {
    if (call.startsWith("apply ingresses") && ++attempts < 3) throw denied;
  };
  expect(await run(kube)).toEqual([denied.message, undefined]);
  expect(attempts).toBe(3);
});
