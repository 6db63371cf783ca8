import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Sandbox } from "../../../../src/api/sandbox.ts";
import { quarantine, toldPorts, ToldPorts } from "../../../../src/operator/tunnels/told-ports.ts";
import type { ChangeHandler } from "../../../../src/runtime/reflector.ts";
import { WritableStore } from "../../../../src/runtime/store.ts";
import { ago, aSandbox } from "../builders.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function told(name: string, ports: number[], secondsOld: number = 1, version: number = 1): Sandbox {
  const tunnels = ports.map((port) => ({ containerPort: port, url: "https://x", unencryptedPort: port }));
  const sandbox = aSandbox({}, { tunnels }, ago(secondsOld));
  return { ...sandbox, metadata: { ...sandbox.metadata, name, uid: name, resourceVersion: String(version) } };
}

/** What is told by sandboxes that are stored, and a way to change them. */
function portsOf(...sandboxes: Sandbox[]) {
  const store = new WritableStore<Sandbox, "tcpPort">({ tcpPort: (sandbox) => toldPorts(sandbox).map(String) });
  const handlers: ChangeHandler<Sandbox>[] = [];
  const ports = new ToldPorts({ store, subscribe: (handler) => void handlers.push(handler) });
  const deliver = (changes: ReturnType<typeof store.set>): void => {
    for (const change of changes) for (const handler of handlers) handler(change);
  };
  deliver(store.replaceAll(sandboxes));
  return {
    ports,
    set: (sandbox: Sandbox) => deliver(store.set(sandbox)),
    delete: (name: string) => deliver(store.delete(`n/${name}`)),
  };
}

it("keeps a port for the sandbox that has it, and for no other namespace for a while after that, however it ends", () => {
  const { ports, ...change } = portsOf(told("a", [1000]), told("b", [1001]));
  expect([1000, 1001, 1002].map((port) => ports.isTaken(port, "m"))).toEqual([true, true, false]);
  vi.advanceTimersByTime(10 * quarantine);
  change.set(told("a", [], 1, 2));
  change.delete("b");
  vi.advanceTimersByTime(quarantine - 1);
  expect([1000, 1001, 1002].map((port) => ports.isTaken(port, "m"))).toEqual([true, true, false]);
  vi.advanceTimersByTime(1);
  expect([1000, 1001, 1002].map((port) => ports.isTaken(port, "m"))).toEqual([false, false, false]);
});

it("keeps a port that a namespace freed for its own sandboxes", () => {
  const { ports, ...change } = portsOf(told("a", [1000, 1001]), told("b", [1002]));
  expect(ports.keptFor("n")).toEqual([]);
  change.delete("a");
  expect([ports.keptFor("n"), ports.keptFor("m")]).toEqual([[1000, 1001], []]);
  expect([1000, 1001, 1002].map((port) => ports.isTaken(port, "n"))).toEqual([false, false, true]);
  change.set(told("c", [1001]));
  expect([1000, 1001].map((port) => ports.isTaken(port, "n"))).toEqual([false, true]);
  vi.advanceTimersByTime(quarantine);
  expect(ports.keptFor("n")).toEqual([]);
});

const contests: [what: string, one: Sandbox, other: Sandbox, contested: string[]][] = [
  ["other ports", told("a", [1000], 9), told("b", [1001], 5), []],
  ["the same one", told("a", [1000], 9), told("b", [1000], 5), ["b"]],
  ["one of several", told("a", [1000, 1002], 5), told("b", [1001, 1002], 9), ["a"]],
  ["the same one at the same time", told("a", [1000], 5), told("b", [1000], 5), ["b"]],
];

it.each(contests)("of two that were told %s, the later gives way", (_, one, other, contested) => {
  const { ports } = portsOf(one, other);
  expect([one, other].filter((sandbox) => ports.isContested(sandbox)).map(({ metadata }) => metadata.name)).toEqual(
    contested,
  );
});

it("counts no port of a Service in mode Ingress, which is another's address", () => {
  const tunnels = [{ containerPort: 70, unencryptedHost: "192.0.2.1", unencryptedPort: 1000 }];
  expect(toldPorts(aSandbox({}, { tunnels }))).toEqual([]);
});
