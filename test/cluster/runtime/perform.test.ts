import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CONFIG_MAP, EVENT, INGRESS, type ConfigMap, type Ingress } from "../../../src/kube/objects.ts";
import { EventRecorder } from "../../../src/runtime/events.ts";
import { perform, type Performer } from "../../../src/runtime/perform.ts";
import type { Plan } from "../../../src/runtime/plan.ts";
import { useApiServer, type TestApiServer } from "../../support/api-server.ts";

const nothing: Plan<Ingress> = { apply: [], remove: [], events: [] };

let server: TestApiServer;
let recorder: EventRecorder;
let performer: Performer;
beforeAll(async () => {
  server = await useApiServer({ nodes: 0 });
  recorder = new EventRecorder({ kube: server.kube, controller: "sandkeep.dev/test" });
  performer = { kube: server.kube, recorder };
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

/** An object whose status nobody else writes: no Ingress controller is installed. */
function ingress(name: string): Promise<Ingress> {
  const object = {
    metadata: { namespace: server.namespace, name },
    spec: { defaultBackend: { service: { name, port: { number: 80 } } } },
  };
  return server.kube.create(INGRESS, object);
}

function child(name: string, data: Record<string, string>): ConfigMap {
  return { metadata: { namespace: server.namespace, name }, data };
}

describe("perform on a real API server", () => {
  test("brings a child to exactly the planned fields and leaves those of others alone", async () => {
    const owner = await ingress("exact");
    const name = { namespace: server.namespace, name: "exact" };
    await perform(
      { ...nothing, apply: [{ kind: CONFIG_MAP, object: child("exact", { a: "1", b: "1" }) }] },
      INGRESS,
      owner,
      performer,
    );
    await server.kube.mergePatch(CONFIG_MAP, name, { data: { theirs: "x" } }, { fieldManager: "somebody" });
    await perform(
      { ...nothing, apply: [{ kind: CONFIG_MAP, object: child("exact", { a: "2" }) }] },
      INGRESS,
      owner,
      performer,
    );
    expect((await server.kube.get(CONFIG_MAP, name)).data).toEqual({ a: "2", theirs: "x" });
  });

  test("removes the incarnation that was meant and no other", async () => {
    const owner = await ingress("remove");
    const name = { namespace: server.namespace, name: "remove" };
    const first = await server.kube.create(CONFIG_MAP, child("remove", {}));
    await server.kube.delete(CONFIG_MAP, name);
    const second = await server.kube.create(CONFIG_MAP, child("remove", {}));
    const removing = (object: ConfigMap) => ({
      ...nothing,
      remove: [{ kind: CONFIG_MAP, name, uid: object.metadata.uid ?? "" }],
    });
    await perform(removing(first), INGRESS, owner, performer);
    expect((await server.kube.get(CONFIG_MAP, name)).metadata.uid).toBe(second.metadata.uid);
    await perform(removing(second), INGRESS, owner, performer);
    await expect(server.kube.get(CONFIG_MAP, name)).rejects.toMatchObject({ status: 404 });
    await perform(removing(second), INGRESS, owner, performer);
  });

  test("writes a status to the incarnation that was observed and no other", async () => {
    const status = { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } };
    const first = await ingress("status");
    const name = { namespace: server.namespace, name: "status" };
    await perform({ ...nothing, status }, INGRESS, first, performer);
    expect((await server.kube.get(INGRESS, name)).status).toEqual(status);
    await server.kube.delete(INGRESS, name);
    await perform({ ...nothing, status }, INGRESS, first, performer);
    await ingress("status");
    await expect(perform({ ...nothing, status }, INGRESS, first, performer)).rejects.toThrow("uid");
    expect((await server.kube.get(INGRESS, name)).status).toEqual({ loadBalancer: {} });
  });

  test("takes a finalizer off the version that was observed and no other", async () => {
    const owner = await ingress("finalizers");
    const name = { namespace: server.namespace, name: "finalizers" };
    const held = child("finalizers", {});
    held.metadata.finalizers = ["sandkeep.dev/test"];
    const first = await server.kube.create(CONFIG_MAP, held);
    const taking = ({ metadata }: ConfigMap) => ({
      ...nothing,
      finalizers: [{ kind: CONFIG_MAP, name, resourceVersion: metadata.resourceVersion ?? "", finalizers: [] }],
    });
    const second = await server.kube.mergePatch(CONFIG_MAP, name, { data: { changed: "yes" } });
    await expect(perform(taking(first), INGRESS, owner, performer)).rejects.toMatchObject({ status: 409 });
    await server.kube.delete(CONFIG_MAP, name);
    const going = await server.kube.get(CONFIG_MAP, name);
    expect(going.metadata.deletionTimestamp).toBeDefined();
    await expect(perform(taking(second), INGRESS, owner, performer)).rejects.toMatchObject({ status: 409 });
    await perform(taking(going), INGRESS, owner, performer);
    await expect(server.kube.get(CONFIG_MAP, name)).rejects.toMatchObject({ status: 404 });
    await perform(taking(going), INGRESS, owner, performer);
  });

  test("records events that kubectl shows on the object, counted when they repeat", async () => {
    const owner = await ingress("events");
    const events = [{ type: "Normal", reason: "Started", message: "It runs" } as const];
    await perform({ ...nothing, events }, INGRESS, owner, performer);
    await recorder.flush();
    await perform({ ...nothing, events }, INGRESS, owner, performer);
    await recorder.flush();
    const { items } = await server.kube.list(EVENT, { namespace: server.namespace });
    const ours = items.filter(({ regarding }) => regarding?.uid === owner.metadata.uid);
    expect(ours).toMatchObject([
      { reason: "Started", note: "It runs", regarding: { kind: "Ingress" }, series: { count: 2 } },
    ]);
  });
});
