import { beforeEach, expect, test } from "vitest";
import { objectionToLife } from "../../../src/api/class/objection.ts";
import { SANDBOX_APP, type SandboxApp } from "../../../src/api/sandbox-app.ts";
import { SANDBOX_CLASS, type SandboxClass } from "../../../src/api/sandbox-class.ts";
import type { SandboxSpecInput } from "../../../src/api/sandbox.ts";
import { type ClassCheck, classCheck } from "../../../src/gateway/sandboxes/class-check.ts";
import { WritableStore } from "../../../src/runtime/store.ts";
import { MemoryKube } from "../../support/memory-kube.ts";
import { aSandbox } from "./a-sandbox.ts";

let kube: MemoryKube;
let classes: WritableStore<SandboxClass>;
let apps: WritableStore<SandboxApp>;
let check: (spec: SandboxSpecInput, judge?: Parameters<ClassCheck>[2]) => Promise<void>;

beforeEach(() => {
  kube = new MemoryKube();
  classes = new WritableStore();
  apps = new WritableStore();
  const checkClass = classCheck({ classes: { store: classes }, apps: { store: apps } }, kube);
  check = (spec, judge) => checkClass(aSandbox({ spec }), new AbortController().signal, judge);
});

/** Lets the gateway know of a class, which the API server has too unless it has another `now`. */
function classOf(name: string, spec: object, now: object = spec): void {
  kube.put(SANDBOX_CLASS, { metadata: { name }, spec: now } as SandboxClass);
  classes.set({ metadata: { name }, spec } as SandboxClass);
}

const image = "busybox:stable";
const strict = { maxima: { timeoutSeconds: 600 }, allowedImages: ["busybox:*"] };

test("what a class allows, and a class that is not there, cost no request", async () => {
  classOf("default", strict);
  await check({ image });
  await check({ image, className: "to-come", timeoutSeconds: 9_000 });
  expect(kube.calls).toEqual([]);
});

test("what it does not allow is refused with the limit", async () => {
  classOf("default", strict);
  await expect(check({ image, timeoutSeconds: 601 })).rejects.toMatchObject({
    code: "invalid_argument",
    resource: "sandbox",
    message: 'spec.timeoutSeconds 601 is more than 600, the maximum of SandboxClass "default".',
    details: { reason: "ClassLimit" },
  });
  await expect(check({ image: "debian" })).rejects.toMatchObject({ code: "permission_denied" });
});

test("the class is the app's where the sandbox names none", async () => {
  classOf("strict", strict);
  const app = { metadata: { namespace: "ns", name: "shop" }, spec: { className: "strict" } };
  kube.put(SANDBOX_APP, app);
  apps.set(app);
  await expect(check({ app: "shop", image, timeoutSeconds: 601 })).rejects.toMatchObject({ code: "invalid_argument" });
  await check({ app: "other", image, timeoutSeconds: 601 });
});

test("a class that has just been loosened refuses nothing any more", async () => {
  classOf("default", strict, {});
  await check({ image, timeoutSeconds: 601 });
  expect(kube.calls).toEqual(["get sandboxapps ns/default", "get sandboxclasses default"]);
});

test("a class that this version cannot read refuses nothing", async () => {
  classOf("default", { ...strict, profile: "Quantum" });
  await check({ image, timeoutSeconds: 601 });
});

test("of a sandbox that runs only its life is judged", async () => {
  classOf("default", { ...strict, allowedImages: [] });
  await check({ image, timeoutSeconds: 600 }, objectionToLife);
  await expect(check({ image, timeoutSeconds: 601 }, objectionToLife)).rejects.toMatchObject({
    details: { reason: "ClassLimit" },
  });
});
