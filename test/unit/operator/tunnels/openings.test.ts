import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import type { Sandbox } from "../../../../src/api/sandbox.ts";
import { Openings, type OpeningsOptions } from "../../../../src/operator/tunnels/openings.ts";
import { eventually } from "../../../support/eventually.ts";
import { silentLog } from "../../../support/silent-log.ts";
import { aClass, aSandbox, settings } from "../builders.ts";

beforeEach(() => {
  // The port given last is the last one.
  vi.spyOn(Math, "random").mockReturnValue(0.99);
});
afterEach(() => void vi.restoreAllMocks());

function opened(options: Partial<OpeningsOptions> = {}) {
  const report = vi.fn<(key: string) => void>();
  const openings = new Openings({
    settings: settings.tunnels,
    told: { isTaken: () => false, keptFor: () => [] },
    answers: () => Promise.resolve(true),
    report,
    log: silentLog,
    ...options,
  });
  onTestFinished(() => openings[Symbol.asyncDispose]());
  return { openings, report };
}

function withPorts(uid: string, ...ports: number[]): Sandbox {
  const sandbox = aSandbox({ tunnels: ports.map((port) => ({ port, protocol: "TCP" })) });
  return { ...sandbox, metadata: { ...sandbox.metadata, uid } };
}

function requestOf(sandbox: Sandbox) {
  return { sandbox, sandboxClass: aClass().spec, address: "10.0.0.1" };
}

it("tells once the network leads to the Pod, however often it does not at first", async () => {
  const answers = vi.fn().mockResolvedValueOnce(false).mockResolvedValueOnce(false).mockResolvedValue(true);
  const { openings, report } = opened({ answers });
  const sandbox = aSandbox({ tunnels: [{ port: 80 }] });
  openings.ensure("n/s", requestOf(sandbox));
  openings.ensure("n/s", requestOf(sandbox));
  expect(openings.of("n/s", sandbox)).toBeUndefined();
  await eventually(() => expect(report).toHaveBeenCalledExactlyOnceWith("n/s"));
  expect(openings.of("n/s", sandbox)).toEqual({ kind: "open", unencrypted: new Map() });
  expect(answers).toHaveBeenCalledTimes(3);
  expect(openings.of("n/s", withPorts("another"))).toBeUndefined();
});

it("gives no port twice, whether others have been told of theirs or not", async () => {
  const { openings, report } = opened({ told: { isTaken: (port) => port === 30_501, keptFor: () => [] } });
  const [one, other] = [withPorts("u1", 80), withPorts("u2", 81)];
  openings.ensure("n/one", requestOf(one));
  openings.ensure("n/other", requestOf(other));
  await eventually(() => expect(report).toHaveBeenCalledTimes(2));
  expect(openings.of("n/one", one)).toEqual({ kind: "open", unencrypted: new Map([[80, 30_500]]) });
  expect(openings.of("n/other", other)).toEqual({ kind: "open", unencrypted: new Map([[81, 30_502]]) });
});

it("says that it waits for ports, and goes on once some are free", async () => {
  const { openings, report } = opened();
  const [one, other] = [withPorts("u1", 80, 81), withPorts("u2", 80, 81)];
  openings.ensure("n/one", requestOf(one));
  openings.ensure("n/other", requestOf(other));
  await eventually(() => expect(report).toHaveBeenCalledTimes(2));
  expect(openings.of("n/other", other)).toEqual({
    kind: "waiting",
    message: "The ports 30500 to 30502 for unencrypted tunnels are all in use, or were a moment ago.",
  });
  openings.forget("n/one");
  await eventually(() => expect(openings.of("n/other", other)?.kind).toBe("open"));
});

it("gives a port that was freed as late as can be", async () => {
  const { openings } = opened();
  const given: unknown[] = [];
  for (const uid of ["u1", "u2", "u3", "u4"]) {
    const sandbox = withPorts(uid, 80);
    openings.ensure("n/s", requestOf(sandbox));
    await eventually(() => expect(openings.of("n/s", sandbox)?.kind).toBe("open"));
    given.push(openings.of("n/s", sandbox));
  }
  const ports = [30_500, 30_501, 30_502, 30_500];
  expect(given).toEqual(ports.map((port) => ({ kind: "open", unencrypted: new Map([[80, port]]) })));
});

it("gives others where somebody else has been given them meanwhile", async () => {
  const taken = new Set<number>();
  const answers = () => Promise.resolve(taken.add(30_500).size > 0);
  const { openings } = opened({ answers, told: { isTaken: (port) => taken.has(port), keptFor: () => [] } });
  const sandbox = withPorts("u1", 80);
  openings.ensure("n/s", requestOf(sandbox));
  await eventually(() =>
    expect(openings.of("n/s", sandbox)).toEqual({ kind: "open", unencrypted: new Map([[80, 30_501]]) }),
  );
});

it("gives a namespace its own ports again, and others go on where they were", async () => {
  const kept = new Map([["n", [30_502]]]);
  const keptFor = (namespace: string = "") => kept.get(namespace) ?? [];
  const { openings } = opened({ told: { isTaken: () => false, keptFor } });
  const own = withPorts("u1", 80);
  const others = { ...withPorts("u2", 80), metadata: { ...own.metadata, namespace: "m", uid: "u2" } };
  const given: unknown[] = [];
  for (const sandbox of [own, others]) {
    const key = `${sandbox.metadata.namespace}/s`;
    openings.ensure(key, requestOf(sandbox));
    await eventually(() => expect(openings.of(key, sandbox)?.kind).toBe("open"));
    given.push(openings.of(key, sandbox));
  }
  expect(given).toEqual([30_502, 30_500].map((port) => ({ kind: "open", unencrypted: new Map([[80, port]]) })));
});
