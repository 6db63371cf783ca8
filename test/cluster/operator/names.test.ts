import { afterAll, beforeAll, expect, test } from "vitest";
import type { SandboxView } from "../../../src/api/sandbox-http.ts";
import { SANDBOX, type Sandbox } from "../../../src/api/sandbox.ts";
import { LEASE, POD } from "../../../src/kube/objects.ts";
import { operatorFor } from "../../../src/operator/operator.ts";
import { silentLog } from "../../support/silent-log.ts";
import { waitFor } from "../../support/wait-for.ts";
import { startGateway, type Answer, type GatewayProcess } from "../gateway/gateway-process.ts";
import { Accounts, everything, useApiServer, type TestApiServer } from "../gateway/tenant.ts";
import { applyCrds } from "./crds.ts";

// There are no nodes: a sandbox gets as far as its Pod, and names are decided before that.
let server: TestApiServer;
const gateways: GatewayProcess[] = [];
let token: string;
const operators = new Set<Operator>();

beforeAll(async () => {
  server = await useApiServer({ nodes: 0 });
  await applyCrds(server.kube);
  token = await new Accounts(server).create("user", everything);
  for (let index = 0; index < 2; index++) gateways.push(await startGateway(server.cluster.kubeconfig));
});
afterAll(async () => {
  for (const operator of operators) await operator.kill();
  for (const gateway of gateways) await gateway[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

interface Operator {
  kill(): Promise<void>;
}

/** One without an election, so that several work at once, as when a leader was paused and does not know it yet. */
async function startOperator(): Promise<Operator> {
  const { connection, namespace } = server;
  const stopping = new AbortController();
  const network = { clusterCidrs: [], dnsCidrs: [], namespace: "sandkeep-system" };
  const settings = { agentImage: "agent:1", network, tunnels: { domain: "tunnels.example", port: 443 } };
  const registries = { allowed: [], private: [], mirrors: {}, clusterCidrs: [] };
  const options = { connection, settings, registries, workers: 8, namespace, log: silentLog };
  const manager = await operatorFor(options, stopping.signal);
  const running = manager.run(stopping.signal);
  const operator = {
    async kill() {
      operators.delete(operator);
      stopping.abort(new Error("the test kills the operator"));
      await running;
    },
  };
  operators.add(operator);
  return operator;
}

/** Creates so many at once that want one name: half by each of two gateways and some with kubectl. */
function createAll(name: string, { gatewayed, direct }: { gatewayed: number; direct: number }) {
  const spec = { app: "shop", name, image: "busybox:stable" };
  const { kube, namespace } = server;
  return {
    answers: Promise.all(
      Array.from({ length: gatewayed }, (_, index) => post(index, { spec }, { "idempotency-key": `${name}-${index}` })),
    ),
    sandboxes: Promise.all(
      Array.from({ length: direct }, (_, index) =>
        kube.create(SANDBOX, { metadata: { namespace, name: `${name}-${index}` }, spec } as Sandbox),
      ),
    ),
  };
}

function post(index: number, body: object, headers: Record<string, string> = {}): Promise<Answer> {
  const gateway = gateways[index % gateways.length];
  if (gateway === undefined) throw new Error("Cannot create: there is no gateway");
  return gateway.send("POST", `/v1/namespaces/${server.namespace}/sandboxes`, { token, body, headers });
}

async function sandboxesNamed(name: string): Promise<Sandbox[]> {
  const fieldSelector = `spec.app=shop,spec.name=${name}`;
  return (await server.kube.list(SANDBOX, { namespace: server.namespace, fieldSelector })).items;
}

/** Those that have not lost, once everybody has been told. */
async function winners(name: string): Promise<Sandbox[]> {
  return await waitFor("the losers to end", async () => {
    const left = (await sandboxesNamed(name)).filter(({ status }) => status?.reason !== "NameTaken");
    return left.length === 1 ? left : undefined;
  });
}

async function holders(): Promise<string[]> {
  const { items } = await server.kube.list(LEASE, { namespace: server.namespace });
  return items.map(({ spec }) => spec?.holderIdentity ?? "").sort();
}

/** Exactly one of all has the name, and everybody was told the same. */
async function expectOneWinner(name: string, creation: ReturnType<typeof createAll>): Promise<Sandbox> {
  const answers = await creation.answers;
  const direct = await creation.sandboxes;
  const [winner] = await winners(name);
  if (winner === undefined) throw new Error("Cannot go on: nobody has the name");
  const won = answers.filter(({ status }) => status === 201);
  expect(won.map(({ json }) => (json as SandboxView).id)).toEqual(
    direct.some(({ metadata }) => metadata.uid === winner.metadata.uid) ? [] : [winner.metadata.name],
  );
  for (const lost of answers.filter((answer) => !won.includes(answer)))
    expect(lost).toMatchObject({
      status: 409,
      json: { code: "already_exists", message: expect.stringContaining(winner.metadata.name) },
    });
  // Of those that lost by a gateway nothing is left; those made with kubectl tell why they ended.
  const ids = new Set([...direct.map(({ metadata }) => metadata.name), winner.metadata.name]);
  expect(new Set((await sandboxesNamed(name)).map(({ metadata }) => metadata.name))).toEqual(ids);
  expect(await holders()).toContain(winner.metadata.name);
  const pods = await server.kube.list(POD, { namespace: server.namespace, labelSelector: "sandkeep.dev/app=shop" });
  expect(pods.items.map(({ metadata }) => metadata.name)).toEqual([winner.metadata.name]);
  return winner;
}

/** Resolves once an operator has got somewhere: one more claim or loser than before. */
async function progress(name: string): Promise<void> {
  const state = async () => {
    const lost = (await sandboxesNamed(name)).filter(({ status }) => status?.phase === "Finished").length;
    return `${lost} ${(await holders()).join(" ")}`;
  };
  const before = await state();
  await waitFor("an operator to do something", async () => (await state()) !== before);
}

/** Ends it, and waits until its name is free and its Pod gone. */
async function end({ metadata }: Sandbox): Promise<void> {
  const { namespace } = server;
  await server.kube.mergePatch(SANDBOX, { namespace, name: metadata.name }, { spec: { desiredState: "Terminated" } });
  await waitFor("the name to be free", async () => !(await holders()).includes(metadata.name));
  await waitFor("the Pod to go", async () => (await server.kube.list(POD, { namespace })).items.length === 0);
}

test("of fifty made at once by two gateways and with kubectl, before two operators, one gets the name", async () => {
  await Promise.all([startOperator(), startOperator()]);
  const winner = await expectOneWinner("one", createAll("one", { gatewayed: 40, direct: 10 }));

  const path = `/v1/namespaces/${server.namespace}/apps/shop/sandboxes/one`;
  for (const gateway of gateways)
    expect(await gateway.send("GET", path, { token })).toMatchObject({ json: { id: winner.metadata.name } });

  await end(winner);
  const next = await post(0, { spec: { app: "shop", name: "one", image: "busybox:stable" } });
  expect(next).toMatchObject({ status: 201, json: { spec: { name: "one" } } });
  const { id: name, uid } = next.json as SandboxView;
  await end({ ...winner, metadata: { name, uid } });
});

test("operators that are killed and started while names are asked for change nothing about that", async () => {
  for (const operator of operators) await operator.kill();
  const creation = createAll("two", { gatewayed: 40, direct: 10 });
  const answered = Promise.all([creation.answers, creation.sandboxes]).then(() => true);
  for (let done = false; !done;) {
    const operator = await startOperator();
    done = await Promise.race([answered, progress("two").then(() => false)]);
    if (!done) await operator.kill();
  }
  await end(await expectOneWinner("two", creation));
});

test("a name that its holder's end did not free is taken over, and one that is left behind is freed", async () => {
  for (const operator of operators) await operator.kill();
  const { kube, namespace } = server;
  const spec = { app: "shop", name: "three", image: "busybox:stable" };
  await kube.create(SANDBOX, { metadata: { namespace, name: "first" }, spec } as Sandbox);
  const operator = await startOperator();
  await waitFor("the claim", async () => (await holders()).includes("first"));
  await operator.kill();
  const status = { phase: "Finished", reason: "Terminated", finishedAt: "2026-01-02T03:04:05.000006Z" };
  await kube.mergePatch(SANDBOX, { namespace, name: "first" }, { status }, { subresource: "status" });
  await kube.create(SANDBOX, { metadata: { namespace, name: "second" }, spec } as Sandbox);
  expect(await holders()).toContain("first");
  await startOperator();
  await waitFor("the name to pass on", async () => {
    const now = await holders();
    return now.includes("second") && !now.includes("first");
  });
  await end(await kube.get(SANDBOX, { namespace, name: "second" }));
});
