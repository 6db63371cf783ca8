import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Agent } from "undici";
import { parse } from "yaml";
import type { CustomKind } from "../../../src/api/kind.ts";
import { apiVersionOf, type KubeObject } from "../../../src/api/meta.ts";
import { ApiError, isNotFound } from "../../../src/kube/api-error.ts";
import { connect, type ApiRequest, type Connection } from "../../../src/kube/connection.ts";
import { pathOf } from "../../../src/kube/path.ts";
import { sleep } from "../../../src/lib/sleep.ts";
import { useCluster } from "../../support/cluster.ts";

const crds = join(import.meta.dirname, "../../../crds");

/** A real API server with the CRDs in force, and a namespace of the test's own. */
export async function useApiServer(): Promise<ApiServer> {
  const { kubeconfig } = await useCluster({ nodes: 0 });
  const server = new ApiServer(connect({ kubeconfig }), `api-${randomUUID().slice(0, 8)}`);
  await server.prepare();
  return server;
}

/** The API server as kubectl uses it: strict about unknown fields, with messages as users read them. */
export class ApiServer {
  readonly #connection: Connection;
  readonly #namespace: string;
  #created = 0;

  constructor(connection: Connection, namespace: string) {
    this.#connection = connection;
    this.#namespace = namespace;
  }

  /** Resolves once the CRDs are served and the namespace is there. */
  async prepare(): Promise<void> {
    await Promise.all((await readdir(crds)).map((file) => this.#installCrd(join(crds, file))));
    await this.#call({
      method: "POST",
      path: "/api/v1/namespaces",
      body: { apiVersion: "v1", kind: "Namespace", metadata: { name: this.#namespace } },
    });
  }

  /** Deletes the namespace with all that the test has made. */
  async close(): Promise<void> {
    await this.#call({ method: "DELETE", path: `/api/v1/namespaces/${this.#namespace}` });
    await this.#connection[Symbol.asyncDispose]();
  }

  /** Why the object would not be created; empty when it would be. */
  refusal(kind: CustomKind, { name, spec }: { name: string; spec: unknown }): Promise<string> {
    return refusalOf(this.#create(kind, name, spec, { dryRun: "All" }));
  }

  /** Creates an object and answers its name. */
  async create(kind: CustomKind, spec: unknown): Promise<string> {
    const name = `${kind.singular}-${++this.#created}`;
    await this.#create(kind, name, spec, {});
    return name;
  }

  /** Why members of the spec would not be changed; empty when they would be. */
  patchRefusal(kind: CustomKind, name: string, spec: object): Promise<string> {
    return refusalOf(this.#patch(kind, name, { spec }, { dryRun: "All" }));
  }

  /** Changes the status. */
  async patchStatus(kind: CustomKind, name: string, status: object): Promise<void> {
    await this.#patch(kind, name, { status }, {}, "status");
  }

  read(kind: CustomKind, name: string): Promise<KubeObject & { spec?: unknown; status?: unknown }> {
    return this.get(pathOf(kind, { namespace: this.#namespace, name }));
  }

  /** Names of the objects that a field selector finds. */
  async select(kind: CustomKind, fieldSelector: string): Promise<string[]> {
    const path = pathOf(kind, { namespace: this.#namespace, query: { fieldSelector } });
    const { items } = await this.get<{ items: KubeObject[] }>(path);
    return items.map(({ metadata }) => metadata.name);
  }

  /** What `kubectl get` prints about an object: names of all columns, and its cells. */
  async table(kind: CustomKind, name: string): Promise<{ columns: string[]; cells: unknown[] }> {
    const { headers, tls } = await this.#connection.credentials();
    const agent = new Agent({ connect: tls });
    const path = pathOf(kind, { namespace: this.#namespace, name });
    const { body } = await agent.request({
      origin: this.#connection.server,
      path,
      method: "GET",
      headers: { ...headers, accept: "application/json;as=Table;g=meta.k8s.io;v=v1" },
    });
    const table = (await body.json()) as { columnDefinitions: { name: string }[]; rows: { cells: unknown[] }[] };
    await agent.close();
    return { columns: table.columnDefinitions.map((column) => column.name), cells: table.rows[0]?.cells ?? [] };
  }

  get<T>(path: string): Promise<T> {
    return this.#call({ method: "GET", path });
  }

  async #installCrd(file: string): Promise<void> {
    const crd = parse(await readFile(file, "utf8"));
    const { group, names, versions } = crd.spec;
    await this.#call({
      method: "PATCH",
      path: `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd.metadata.name}?fieldManager=test&force=true`,
      contentType: "application/apply-patch+yaml",
      body: crd,
    });
    await this.#untilServed(`/apis/${group}/${versions[0].name}/${names.plural}?limit=1`);
  }

  async #untilServed(path: string): Promise<void> {
    for (;;) {
      try {
        await this.get(path);
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error;
        await sleep(20);
      }
    }
  }

  #create(kind: CustomKind, name: string, spec: unknown, query: Record<string, string>): Promise<KubeObject> {
    return this.#call({
      method: "POST",
      path: pathOf(kind, { namespace: this.#namespace, query: { ...query, fieldValidation: "Strict" } }),
      body: { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { name }, spec },
    });
  }

  #patch(
    kind: CustomKind,
    name: string,
    patch: object,
    query: Record<string, string>,
    subresource?: string,
  ): Promise<KubeObject> {
    const options = { namespace: this.#namespace, name, subresource, query: { ...query, fieldValidation: "Strict" } };
    return this.#call({
      method: "PATCH",
      path: pathOf(kind, options),
      contentType: "application/merge-patch+json",
      body: patch,
    });
  }

  async #call<T>(request: ApiRequest): Promise<T> {
    const response = await this.#connection.send(request);
    return (await response.body.json()) as T;
  }
}

async function refusalOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return "";
  } catch (error) {
    if (error instanceof ApiError) return error.message;
    throw error;
  }
}
