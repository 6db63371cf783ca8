import { afterAll, beforeAll, expect, test } from "vitest";
import { SANDBOX } from "../../../src/api/sandbox.ts";
import { POD } from "../../../src/kube/objects.ts";
import { waitFor } from "../../support/wait-for.ts";
import { operatorWorld, type OperatorWorld, small } from "./world.ts";

let world: OperatorWorld;
beforeAll(async () => {
  world = await operatorWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const python = { ...small, image: "python:3.11-slim" };

/** Ends with 0 when every target of `reachable` accepts a connection, in the end, and none of `denied` does, else says which. */
function expectConnections(reachable: string[], denied: string[]): string[] {
  const script = `
import socket, sys
def accepts(target):
    host, port = target.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
        return True
    except OSError:
        return False
wrong = [t for t in ${JSON.stringify(reachable)} if not any(accepts(t) for _ in range(20))] + [t for t in ${JSON.stringify(denied)} if accepts(t)]
sys.exit("unexpected: " + " ".join(wrong) if wrong else 0)`;
  return ["python3", "-c", script];
}

async function passes(name: string, command: string[], spec: object = {}): Promise<void> {
  await world.create(name, { ...python, ...spec, command });
  expect((await world.reaches(name, "Finished")).status).toMatchObject({ reason: "Completed" });
}

test("a sandbox reaches neither metadata nor API server, node or other Pods", async () => {
  const neighbour = ["python3", "-m", "http.server", "8080"];
  await world.create("neighbour", { ...python, command: neighbour, readinessProbe: { tcp: { port: 8080 } } });
  await world.reaches("neighbour", "Ready");
  const address = (await world.pod("neighbour"))?.status?.podIP ?? "";
  expect(address).not.toBe("");
  const denied = ["169.254.169.254:80", "10.96.0.1:443", `${world.nodeAddress}:6443`, `${address}:8080`];
  await passes("alone", expectConnections([], denied));

  // Nor is it reached, by a Pod that is no sandbox and may connect to everything.
  const { namespace } = world;
  const container = {
    name: "c",
    image: "python:3.11-slim",
    command: expectConnections(["10.96.0.1:443"], [`${address}:8080`]),
  };
  const spec = { restartPolicy: "Never", containers: [container], terminationGracePeriodSeconds: 0 };
  await world.kube.create(POD, { metadata: { name: "stranger", namespace }, spec });
  const phase = await waitFor("the other Pod to end", async () => {
    const phase = (await world.pod("stranger"))?.status?.phase;
    return phase === "Succeeded" || phase === "Failed" ? phase : undefined;
  });
  await world.kube.delete(POD, { namespace, name: "stranger" });
  expect(phase).toBe("Succeeded");
});

test("names of the cluster and beyond are resolved", async () => {
  const script = 'import socket; socket.getaddrinfo("kubernetes.default.svc.cluster.local", 443)';
  await passes("dns", ["python3", "-c", script]);
});

test("a class opens a private range", async () => {
  const className = await world.createClass({ network: { allowedPrivateCidrs: [`${world.nodeAddress}/32`] } });
  const command = expectConnections([`${world.nodeAddress}:6443`], ["10.96.0.10:8080", "169.254.169.254:80"]);
  await passes("opened", command, { className });
});

test("a blocked sandbox reaches nothing, not even DNS, and blocking takes effect while it runs", async () => {
  await passes("blocked", expectConnections([], [`${world.nodeAddress}:53`]), { network: { block: true } });

  const script = `
import socket, time
def answers():
    try:
        socket.create_connection(("10.96.0.10", 53), timeout=3).close()
        return True
    except OSError:
        return False
while not answers(): time.sleep(0.1)
open("/tmp/open", "w").close()
while answers(): time.sleep(0.1)`;
  const readinessProbe = { exec: { command: ["test", "-e", "/tmp/open"] } };
  await world.create("closing", { ...python, command: ["python3", "-c", script], readinessProbe });
  await world.reaches("closing", "Ready");
  const name = { namespace: world.namespace, name: "closing" };
  await world.kube.mergePatch(SANDBOX, name, { spec: { network: { block: true } } });
  expect((await world.reaches("closing", "Finished")).status).toMatchObject({ reason: "Completed" });
});

test("a sandbox is root in a user namespace, with few capabilities, filtered system calls and no token", async () => {
  const script = `
import os
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
assert os.getuid() == 0
assert open("/proc/self/uid_map").read().split()[1] != "0", "root here is root on the node"
assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status
assert not int(status["CapEff"], 16) >> 13 & 1, "raw sockets"
assert not int(status["CapEff"], 16) >> 21 & 1, "system administration"
assert not os.path.exists("/var/run/secrets/kubernetes.io"), "a service account token"
os.chown("/tmp", 1000, 1000)`;
  await passes("root", ["python3", "-c", script]);
});

test("a class of the profile Restricted runs without any capability", async () => {
  const className = await world.createClass({ profile: "Restricted" });
  const script =
    'import os; s = open("/proc/self/status").read(); assert os.getuid() == 1000 and "CapBnd:\\t0000000000000000" in s, s';
  await passes("restricted", ["python3", "-c", script], { className, securityContext: { runAsUser: 1000 } });
});

test("an agent that is killed from inside ends the sandbox with a reason", async () => {
  await world.create("killed", { ...small, command: ["sh", "-c", "kill -TERM 1; sleep 1000"] });
  expect((await world.reaches("killed", "Finished")).status).toMatchObject({ reason: "AgentLost", exitCode: 137 });
});

test("a forged account of the end is not believed", async () => {
  const forge = `echo '{"reason":"Completed"}' > /dev/termination-log; kill -TERM 1; sleep 1000`;
  await world.create("forged", { ...small, command: ["sh", "-c", forge] });
  const { status } = await world.reaches("forged", "Finished");
  expect(status?.exitCode).toBe(137);
  expect(status?.reason).not.toBe("Completed");
});
