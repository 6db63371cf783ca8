import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SANDBOX } from "../../../src/api/sandbox.ts";
import { SANDBOX_SNAPSHOT } from "../../../src/api/snapshot.ts";
import { everySandboxMember } from "../../support/manifests/sandbox.ts";
import { useApiServer, type ApiServer } from "./api-server.ts";

let server: ApiServer;

beforeAll(async () => {
  server = await useApiServer();
});

afterAll(() => server.close());

interface Immutable {
  member: string;
  /** At creation; another at the change. */
  from: unknown;
  to: unknown;
  /** What a valid spec needs besides. */
  beside?: object;
}

const immutable: Immutable[] = [
  { member: "app", from: "one", to: "two" },
  { member: "name", from: "one", to: "two" },
  { member: "className", from: "one", to: "two" },
  { member: "image", from: "busybox:1", to: "busybox:2" },
  { member: "snapshotName", from: "one", to: "two" },
  { member: "imageName", from: "one", to: "two" },
  { member: "imagePullSecrets", from: [{ name: "one" }], to: [{ name: "two" }] },
  { member: "command", from: ["sleep", "1"], to: ["sleep", "2"] },
  { member: "args", from: ["1"], to: ["1", "2"] },
  { member: "workingDir", from: "/one", to: "/two" },
  { member: "tty", from: true, to: false },
  { member: "env", from: [{ name: "A", value: "1" }], to: [{ name: "A", value: "2" }] },
  { member: "envFrom", from: [{ secretRef: { name: "one" } }], to: [] },
  { member: "resources", from: { limits: { cpu: 1 } }, to: { limits: { cpu: 2 } } },
  { member: "gpu", from: ["H100"], to: ["H100:2"] },
  { member: "placement", from: { regions: ["one"] }, to: { regions: ["two"] } },
  { member: "securityContext", from: { runAsUser: 1 }, to: { runAsUser: 2 } },
  { member: "terminationGracePeriodSeconds", from: 1, to: 2 },
  { member: "readinessProbe", from: { tcp: { port: 1 } }, to: { tcp: { port: 2 } } },
  { member: "readinessProbeName", from: "one", to: "two" },
  { member: "tunnels", from: [{ port: 1 }], to: [{ port: 2 }] },
  { member: "customDomain", from: "a.example.com", to: "b.example.com", beside: { tunnels: [{ port: 1 }] } },
  {
    member: "volumes",
    from: [{ name: "a", mountPath: "/a", emptyDir: {} }],
    to: [{ name: "a", mountPath: "/b", emptyDir: {} }],
  },
  { member: "identityToken", from: { audience: "one" }, to: { audience: "two" } },
  { member: "verbose", from: true, to: false },
  { member: "experimental", from: { a: "true" }, to: { a: "false" } },
];

const mutable = ["tags", "timeoutSeconds", "idleTimeoutSeconds", "network", "desiredState", "ttlSecondsAfterFinished"];

test("every member of Sandbox.spec is either mutable or immutable", () => {
  const members = [...immutable.map(({ member }) => member), ...mutable];
  const optional = ["snapshotName", "imageName", "readinessProbeName"];
  expect(members.sort()).toEqual([...Object.keys(everySandboxMember), ...optional].sort());
});

describe.each(immutable)("Sandbox.spec.$member", ({ member, from, to, beside }) => {
  const advice = `${member} cannot change: create another sandbox instead`;

  test("cannot be changed", async () => {
    const name = await server.create(SANDBOX, { ...beside, [member]: from });
    expect(await server.patchRefusal(SANDBOX, name, { [member]: to })).toContain(advice);
  });

  test("cannot be removed", async () => {
    const name = await server.create(SANDBOX, { ...beside, [member]: from });
    expect(await server.patchRefusal(SANDBOX, name, { [member]: null })).toContain(advice);
  });

  test("cannot be added", async () => {
    const name = await server.create(SANDBOX, { ...beside });
    expect(await server.patchRefusal(SANDBOX, name, { [member]: from })).toContain(advice);
  });
});

test("a refused change names the first member that cannot change, and none that may", async () => {
  const name = await server.create(SANDBOX, { image: "busybox:1" });
  const change = { image: "busybox:2", app: "two", timeoutSeconds: 600 };
  const refusal = await server.patchRefusal(SANDBOX, name, change);
  expect(refusal).toContain("spec: Invalid value: app cannot change: create another sandbox instead");
});

describe("members that may change", () => {
  test.each([
    { member: "tags", values: [{ a: "1" }, { b: "2" }, null] },
    { member: "timeoutSeconds", values: [301, 86_400] },
    { member: "idleTimeoutSeconds", values: [10, 5, null] },
    { member: "network", values: [{ block: true }, { block: null, outbound: { cidrs: ["192.0.2.0/24"] } }, null] },
    { member: "ttlSecondsAfterFinished", values: [10, 0, null] },
    { member: "desiredState", values: ["Running", "Terminated"] },
  ])("$member", async ({ member, values }) => {
    const name = await server.create(SANDBOX, {});
    for (const value of values) {
      expect(await server.patchRefusal(SANDBOX, name, { [member]: value })).toBe("");
    }
  });

  test("timeoutSeconds is not lowered, not even to its default", async () => {
    const name = await server.create(SANDBOX, { timeoutSeconds: 400 });
    const advice = "timeoutSeconds may be raised, not lowered";
    expect(await server.patchRefusal(SANDBOX, name, { timeoutSeconds: 399 })).toContain(advice);
    expect(await server.patchRefusal(SANDBOX, name, { timeoutSeconds: null })).toContain(advice);
  });

  test("desiredState does not go back to Running", async () => {
    const name = await server.create(SANDBOX, { desiredState: "Terminated" });
    const advice = "a terminated sandbox cannot run again: create another";
    expect(await server.patchRefusal(SANDBOX, name, { desiredState: "Running" })).toContain(advice);
    expect(await server.patchRefusal(SANDBOX, name, { desiredState: null })).toContain(advice);
  });

  test("rules over a whole spec hold after a change too", async () => {
    const name = await server.create(SANDBOX, { tunnels: [{ port: 80 }] });
    const refusal = await server.patchRefusal(SANDBOX, name, { network: { block: true } });
    expect(refusal).toContain("network.block excludes tunnels");
  });
});

describe("SandboxSnapshot.spec", () => {
  test.each([
    ["sandboxName", { sandboxName: "b" }],
    ["type", { type: "Memory" }],
    ["path", { path: "/b" }],
    ["timeoutSeconds", { timeoutSeconds: 56 }],
  ])("%s cannot be changed", async (member, change) => {
    const name = await server.create(SANDBOX_SNAPSHOT, { sandboxName: "a", type: "Directory", path: "/a" });
    const refusal = await server.patchRefusal(SANDBOX_SNAPSHOT, name, change);
    expect(refusal).toContain(`${member} cannot change: create another snapshot instead`);
  });

  test("ttlSeconds may change", async () => {
    const name = await server.create(SANDBOX_SNAPSHOT, { sandboxName: "a" });
    expect(await server.patchRefusal(SANDBOX_SNAPSHOT, name, { ttlSeconds: 0 })).toBe("");
  });
});
