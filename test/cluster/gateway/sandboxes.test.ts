import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SandboxList, SandboxView } from "../../../src/api/sandbox-http.ts";
import { SANDBOX_APP } from "../../../src/api/sandbox-app.ts";
import { SANDBOX_CLASS, type SandboxClass } from "../../../src/api/sandbox-class.ts";
import { SANDBOX, type SandboxStatus } from "../../../src/api/sandbox.ts";
import { NAMESPACE, RESOURCE_QUOTA } from "../../../src/kube/objects.ts";
import { waitFor } from "../../support/wait-for.ts";
import { applyCrds } from "../operator/crds.ts";
import { startGateway, type Answer, type GatewayProcess, type Method, type SendOptions } from "./gateway-process.ts";
import { Accounts, everything, useApiServer, type TestApiServer } from "./tenant.ts";

// No operator runs here: the tests play its part by writing status.
const startedAt = "2026-01-02T03:04:05.000006Z";
const finishedAt = "2026-01-02T03:04:15.000006Z";

let server: TestApiServer;
let gateway: GatewayProcess;
let base: string;
let token: string;

beforeAll(async () => {
  server = await useApiServer({ nodes: 0 });
  await applyCrds(server.kube);
  token = await new Accounts(server).create("user", everything);
  gateway = await startGateway(server.cluster.kubeconfig);
  base = `/v1/namespaces/${server.namespace}/sandboxes`;
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

function send(method: Method, path: string, options: SendOptions = {}): Promise<Answer> {
  return gateway.send(method, `${base}${path}`, { token, ...options });
}

async function create(body: object = {}, query = ""): Promise<SandboxView> {
  const answer = await send("POST", query, { body });
  expect(answer.status).toBe(201);
  return answer.json as SandboxView;
}

function patch(id: string, spec: object): Promise<Answer> {
  return send("PATCH", `/${id}`, { body: { spec } });
}

async function setStatus(name: string, status: SandboxStatus): Promise<void> {
  await server.kube.mergePatch(SANDBOX, { namespace: server.namespace, name }, { status }, { subresource: "status" });
}

/** Sends a request and, while it is under way, does what it waits for. */
async function onceWaiting<T>(
  request: Promise<T>,
  then: () => Promise<unknown>,
  where: GatewayProcess = gateway,
): Promise<T> {
  let answered = false;
  void request.finally(() => (answered = true)).catch(() => {});
  await waitFor("the request to arrive", async () => {
    const { text } = await where.sendPlain("/metrics");
    return /^sandkeep_gateway_requests_under_way [1-9]/m.test(text);
  });
  expect(answered).toBe(false);
  await then();
  return await request;
}

describe("create", () => {
  it("stores what was asked, with a name made up and a record that goes after a day", async () => {
    const made = await create({ labels: { team: "x" }, spec: { image: "busybox:stable", tags: { a: "1" } } });
    expect(made).toMatchObject({
      id: expect.stringMatching(/^sbx-[a-z0-9]{12}$/),
      namespace: server.namespace,
      labels: { team: "x" },
      spec: {
        image: "busybox:stable",
        tags: { a: "1" },
        app: "default",
        timeoutSeconds: 300,
        ttlSecondsAfterFinished: 86_400,
      },
      status: { phase: "Created" },
    });
    expect((await send("GET", `/${made.id}`)).json).toEqual(made);
  });

  it("answers once the sandbox has come as far as asked", async () => {
    const name = "waited-for";
    const answer = await onceWaiting(send("POST", "?wait=started", { body: { name } }), async () => {
      await waitFor("the sandbox to be stored", async () => (await send("GET", `/${name}`)).status === 200);
      await setStatus(name, { phase: "Started", startedAt });
    });
    expect(answer).toMatchObject({ status: 201, json: { id: name, status: { phase: "Started" } } });
  });

  it("says that a name is taken", async () => {
    await create({ name: "taken" });
    expect(await send("POST", "", { body: { name: "taken" } })).toMatchObject({
      status: 409,
      json: { code: "already_exists", resource: "sandbox", message: expect.stringContaining("taken") },
    });
  });

  it("makes one sandbox of a request sent twice under one key, and refuses another under it", async () => {
    const headers = { "idempotency-key": "order-7" };
    const body = { spec: { image: "busybox:stable", env: [{ name: "A", value: "1" }] } };
    const answers = await Promise.all(Array.from({ length: 5 }, () => send("POST", "", { body, headers })));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    expect(new Set(answers.map(({ json }) => (json as SandboxView).uid)).size).toBe(1);
    expect(await send("POST", "", { body: { spec: { image: "other" } }, headers })).toMatchObject({
      status: 409,
      json: { code: "conflict", message: expect.stringContaining("Idempotency-Key") },
    });
  });

  it("of what its class does not allow is refused with the limit, as is a change that would exceed it", async () => {
    const { kube, namespace } = server;
    const className = `strict-${namespace}`;
    const spec: object = {
      maxima: { resources: { memory: "1Gi" }, timeoutSeconds: 600 },
      allowedImages: ["busybox:*"],
      gpus: { L4: {} },
    };
    await kube.create(SANDBOX_CLASS, { metadata: { name: className }, spec } as SandboxClass);
    await kube.create(SANDBOX_APP, { metadata: { name: "strict", namespace }, spec: { className } });
    try {
      const refused = async (asked: object) => {
        const answer = send("POST", "", { body: { spec: { app: "strict", image: "busybox:1", ...asked } } });
        const { status, json } = await answer;
        return [status, (json as { message?: string }).message];
      };
      const large = { resources: { limits: { memory: "2Gi" } } };
      // The class may be younger than what the gateway has heard of; from then on it holds.
      await waitFor("the gateway to know the class", async () => (await refused(large))[0] === 400);
      const maximum = `the maximum of SandboxClass "${className}".`;
      expect(await refused(large)).toEqual([400, `spec.resources.limits.memory 2Gi is more than 1Gi, ${maximum}`]);
      expect(await refused({ gpu: "H100" })).toEqual([
        400,
        `GPU H100 is unknown to SandboxClass "${className}", which has L4, any.`,
      ]);
      expect(await refused({ image: "debian" })).toEqual([403, expect.stringContaining("busybox:*")]);

      const { id } = await create({ spec: { app: "strict", image: "busybox:1" } });
      expect((await patch(id, { timeoutSeconds: 600 })).status).toBe(200);
      expect(await patch(id, { timeoutSeconds: 601 })).toMatchObject({
        status: 400,
        json: { message: `spec.timeoutSeconds 601 is more than 600, ${maximum}`, details: { reason: "ClassLimit" } },
      });
      await kube.mergePatch(SANDBOX_CLASS, { name: className }, { spec: { maxima: null } });
      expect((await send("POST", "", { body: { spec: { app: "strict", image: "busybox:1", ...large } } })).status).toBe(
        201,
      );
    } finally {
      await kube.delete(SANDBOX_CLASS, { name: className });
    }
  });

  it("beyond a quota is resource_exhausted, in the API server's words", async () => {
    const namespace = `${server.namespace}-quota`;
    await server.kube.create(NAMESPACE, { metadata: { name: namespace } });
    try {
      const hard = { "count/sandboxes.sandkeep.dev": "0" };
      await server.kube.create(RESOURCE_QUOTA, { metadata: { name: "none", namespace }, spec: { hard } });
      // The controller that counts takes up to a minute to hear of a new kind.
      const status = { hard, used: hard };
      await server.kube.mergePatch(RESOURCE_QUOTA, { namespace, name: "none" }, { status }, { subresource: "status" });
      const there = new Accounts({ ...server, namespace });
      const answer = await gateway.send("POST", `/v1/namespaces/${namespace}/sandboxes`, {
        token: await there.create("user", everything),
        body: {},
      });
      expect(answer).toMatchObject({
        status: 429,
        json: { code: "resource_exhausted", message: expect.stringContaining("exceeded quota") },
      });
    } finally {
      await server.kube.delete(NAMESPACE, { name: namespace });
    }
  });
});

describe("get", () => {
  it("of one that is not there is not_found", async () => {
    expect(await send("GET", "/nonesuch")).toMatchObject({
      status: 404,
      json: { code: "not_found", resource: "sandbox" },
    });
  });

  it("waits for readiness and for the end, each told by the store", async () => {
    await create({ name: "probed", spec: { readinessProbe: { tcp: { port: 80 } } } });
    await setStatus("probed", { phase: "Started", startedAt });
    const ready = await onceWaiting(send("GET", "/probed?wait=ready"), () => setStatus("probed", { phase: "Ready" }));
    expect(ready).toMatchObject({ status: 200, json: { status: { phase: "Ready" } } });
    const over = await onceWaiting(send("GET", "/probed?wait=finished"), () =>
      setStatus("probed", { phase: "Finished", finishedAt, reason: "Error", exitCode: 3 }),
    );
    expect(over).toMatchObject({ status: 200, json: { status: { phase: "Finished", exitCode: 3 } } });
  });

  it("does not wait for a readiness that nothing will tell", async () => {
    await create({ name: "unprobed" });
    expect(await send("GET", "/unprobed?wait=ready")).toMatchObject({
      status: 412,
      json: { code: "failed_precondition", message: expect.stringContaining("no readiness probe") },
    });
  });

  it("waits no longer than asked", async () => {
    await create({ name: "slow" });
    expect(await send("GET", "/slow?wait=started&timeoutSeconds=0.2")).toMatchObject({
      status: 504,
      json: { code: "deadline_exceeded", message: expect.stringContaining("not started after 0.2 s") },
    });
  });

  it("stops waiting when the sandbox is deleted", async () => {
    await create({ name: "doomed" });
    const answer = await onceWaiting(send("GET", "/doomed?wait=started"), () => send("DELETE", "/doomed"));
    expect(answer).toMatchObject({ status: 404, json: { code: "not_found" } });
  });
});

describe("patch", () => {
  it("changes what may change, and replaces tags as a whole", async () => {
    await create({
      name: "changing",
      spec: { tags: { a: "1", b: "2" }, network: { outbound: { cidrs: ["10.0.0.0/8"] } } },
    });
    const answer = await patch("changing", {
      tags: { b: "3", c: "4" },
      timeoutSeconds: 600,
      idleTimeoutSeconds: 60,
      network: { outbound: { domains: ["example.com"] }, inbound: { cidrs: [] } },
      ttlSecondsAfterFinished: null,
    });
    expect(answer.status).toBe(200);
    const { spec } = answer.json as SandboxView;
    expect(spec).toMatchObject({ tags: { b: "3", c: "4" }, timeoutSeconds: 600, idleTimeoutSeconds: 60 });
    expect(spec.tags).not.toHaveProperty("a");
    expect(spec.network).toEqual({
      outbound: { cidrs: ["10.0.0.0/8"], domains: ["example.com"] },
      inbound: { cidrs: [] },
    });
    expect(spec).not.toHaveProperty("ttlSecondsAfterFinished");
    expect((await send("GET", "/changing")).json).toEqual(answer.json);
    expect((await patch("changing", { tags: null, network: null })).json).toMatchObject({ spec: { tags: {} } });
  });

  it.each<[what: string, spec: object, message: RegExp]>([
    ["a lowered limit", { timeoutSeconds: 10 }, /may be raised, not lowered/],
    ["a network at odds with itself", { network: { block: true, inbound: { cidrs: [] } } }, /block excludes/],
    ["what never changes", { image: "busybox" }, /image/],
    ["nothing", {}, /member/],
  ])("refuses %s", async (what, spec, message) => {
    const name = `fixed-${what.length}`;
    await create({ name });
    expect(await patch(name, spec)).toMatchObject({
      status: 400,
      json: { code: "invalid_argument", message: expect.stringMatching(message) },
    });
  });

  it("refuses to let one run again that is ended, and to prolong one that has finished, but not to tag it", async () => {
    await create({ name: "past" });
    expect((await patch("past", { desiredState: "Terminated" })).status).toBe(200);
    const refused = { status: 412, json: { code: "failed_precondition", resource: "sandbox" } };
    expect(await patch("past", { desiredState: "Running" })).toMatchObject(refused);
    await setStatus("past", { phase: "Finished", finishedAt, reason: "Terminated", exitCode: 137 });
    expect(await patch("past", { timeoutSeconds: 900 })).toMatchObject(refused);
    expect((await patch("past", { tags: { kept: "yes" } })).json).toMatchObject({ spec: { tags: { kept: "yes" } } });
  });

  it("loses no change of several that come at once, each of which replaces the tags", async () => {
    await create({ name: "busy" });
    const answers = await Promise.all([1, 2, 3].map((n) => patch("busy", { tags: { n: String(n) } })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const { spec } = (await send("GET", "/busy")).json as SandboxView;
    expect(Object.keys(spec.tags ?? {})).toEqual(["n"]);
  });

  it("of one that is not there is not_found", async () => {
    expect((await patch("nonesuch", { tags: {} })).status).toBe(404);
  });
});

describe("terminate", () => {
  it("sets the desired state, once, and waits for the end if asked", async () => {
    await create({ name: "ending" });
    expect((await send("POST", "/ending/terminate")).json).toMatchObject({ spec: { desiredState: "Terminated" } });
    const answer = await onceWaiting(send("POST", "/ending/terminate?wait=true"), () =>
      setStatus("ending", { phase: "Finished", finishedAt, reason: "Terminated", exitCode: 137 }),
    );
    expect(answer).toMatchObject({ status: 200, json: { status: { reason: "Terminated", exitCode: 137 } } });
    expect((await send("POST", "/ending/terminate")).status).toBe(200);
  });

  it("of one that is not there is not_found", async () => {
    expect((await send("POST", "/nonesuch/terminate")).status).toBe(404);
  });
});

describe("delete", () => {
  it("takes the record away; a second time there is none", async () => {
    await create({ name: "unwanted" });
    expect(await send("DELETE", "/unwanted")).toMatchObject({ status: 204, text: "" });
    expect((await send("DELETE", "/unwanted")).status).toBe(404);
  });
});

describe("list", () => {
  it("pages through those asked for, newest first", async () => {
    const names = ["page-1", "page-2", "page-3", "page-4", "page-5"];
    for (const name of names) await create({ name, spec: { app: "paged", tags: { kind: "page" } } });
    await setStatus("page-2", { phase: "Finished", finishedAt, reason: "Completed", exitCode: 0 });
    const pages: string[][] = [];
    let cursor = "";
    do {
      const path = `?app=paged&tag=kind%3Dpage&all=true&limit=2${cursor && `&cursor=${cursor}`}`;
      const page = (await send("GET", path)).json as SandboxList;
      pages.push(page.items.map(({ id }) => id));
      cursor = page.cursor ?? "";
    } while (cursor !== "");
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(pages.flat().sort()).toEqual(names);
    await waitFor("the end to show", async () => {
      const { items } = (await send("GET", "?app=paged")).json as SandboxList;
      return items.length === 4 && items.every(({ id }) => id !== "page-2");
    });
  });
});

/** The ids of the sandboxes that have all of the tags. */
async function tagged(tags: Record<string, string>): Promise<string[]> {
  const wanted = Object.entries(tags).map(([name, value]) => `tag=${encodeURIComponent(`${name}=${value}`)}`);
  const { items } = (await send("GET", `?${wanted.join("&")}`)).json as SandboxList;
  return items.map(({ id }) => id);
}

describe("tags", () => {
  it("of any Unicode are stored as given, replaced as a whole, and select sandboxes that have all", async () => {
    const before = { 環境: "開発", "👩‍🚀=1": "a&b=%2F\n", plain: "x" };
    const after = { État: "prêt", 環境: "本番" };
    const { id, spec } = await create({ name: "tagged", spec: { tags: before } });
    expect(spec.tags).toEqual(before);
    await expect.poll(() => tagged(before)).toEqual([id]);
    expect(await tagged({ ...before, plain: "y" })).toEqual([]);
    expect((await patch(id, { tags: after })).json).toMatchObject({ spec: { tags: after } });
    expect(await tagged(after)).toEqual([id]);
    expect(await tagged({ plain: "x" })).toEqual([]);
  });
});

describe("exec", () => {
  const body = { command: ["true"] };

  it("waits for the start no longer than asked", async () => {
    await create({ name: "pending" });
    expect(await send("POST", "/pending/exec?startTimeoutSeconds=0.2", { body })).toMatchObject({
      status: 504,
      json: { code: "deadline_exceeded", message: expect.stringContaining("did not start within 0.2 s") },
    });
  });

  it("in one that has finished says how it ended", async () => {
    await create({ name: "over" });
    await setStatus("over", {
      phase: "Finished",
      finishedAt,
      reason: "OutOfMemory",
      exitCode: 137,
      message: "raise it",
    });
    expect(await send("POST", "/over/exec", { body })).toMatchObject({
      status: 412,
      json: {
        code: "failed_precondition",
        message: expect.stringMatching(/finished with OutOfMemory \d+ s ago \(exit code 137\): raise it$/),
        details: { reason: "OutOfMemory" },
      },
    });
  });

  it("in one whose Pod cannot be reached is unavailable, and says why", async () => {
    await create({ name: "podless" });
    await setStatus("podless", { phase: "Started", startedAt, podName: "podless" });
    expect(await send("POST", "/podless/exec", { body })).toMatchObject({
      status: 503,
      json: {
        code: "unavailable",
        message: expect.stringMatching(/agent of sandbox ".*\/podless": pods "podless" not found/),
      },
    });
  });
});

describe("a gateway", () => {
  it("tells its health and its numbers on the plain port, with values from the start", async () => {
    expect(await gateway.sendPlain("/healthz")).toMatchObject({ status: 200 });
    expect(await gateway.sendPlain("/readyz")).toMatchObject({ status: 200 });
    const { text } = await gateway.sendPlain("/metrics");
    for (const name of ["sandkeep_links", "sandkeep_link_failures_total", "sandkeep_gateway_request_seconds_count"])
      expect(text).toMatch(new RegExp(`^${name}(\\{.*\\})? \\d`, "m"));
    expect((await gateway.sendPlain("/v1/namespaces/default/sandboxes")).status).toBe(404);
  });

  it("lets requests under way end when it is told to stop, takes no more, and ends with 0", async () => {
    await using leaving = await startGateway(server.cluster.kubeconfig);
    await create({ name: "parting" });
    const path = `${base}/parting?wait=started`;
    const stop = async () => {
      leaving.signal("SIGTERM");
      await waitFor("the shutdown", () => leaving.lines.some((line) => line.includes("shutting down")));
      await expect(leaving.send("GET", "/healthz")).rejects.toThrow(/ECONNREFUSED|other side closed/);
      await setStatus("parting", { phase: "Started", startedAt });
    };
    expect((await onceWaiting(leaving.send("GET", path, { token }), stop, leaving)).status).toBe(200);
    expect(await leaving.ended).toBe(0);
  });

  it("cuts requests that do not end in time", async () => {
    await using leaving = await startGateway(server.cluster.kubeconfig, { SANDKEEP_SHUTDOWN_SECONDS: "0.3" });
    await create({ name: "hanging" });
    const hanging = leaving.send("GET", `${base}/hanging?wait=started`, { token });
    await expect(onceWaiting(hanging, async () => leaving.signal("SIGTERM"), leaving)).rejects.toThrow();
    expect(await leaving.ended).toBe(0);
  });
});
