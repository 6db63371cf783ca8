import type { SandboxList, SandboxView } from "../../api/sandbox-http.ts";
import type { SandboxPhase } from "../../api/phases.ts";
import type { App } from "../app.ts";
import type { Gateway, Operation } from "../http/gateway.ts";
import type { Image } from "../image.ts";
import type { WaitParams } from "../process/container-process.ts";
import { createRequest, type SandboxCreateParams } from "./create.ts";
import { infoOf, type SandboxInfo } from "./info.ts";
import { Sandbox } from "./sandbox.ts";
import { watchSandboxes, type SandboxEvent } from "./watch.ts";

export interface SandboxListParams extends WaitParams {
  /** Only those of this app. */
  appId?: string;
  /** Only those with all of these tags. */
  tags?: Readonly<Record<string, string>>;
  /** Also those that have finished. */
  includeFinished?: boolean;
  /** Only those in this phase. */
  phase?: SandboxPhase;
}

/** Sandboxes of the namespace. */
export class SandboxService {
  readonly #gateway: Gateway;

  /** @internal */
  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /**
   * Creates a sandbox; resolves once it is accepted. What is done with it waits until it has started. Rejects with an
   * `AlreadyExistsError` if a running sandbox of the app has the name.
   */
  async create(app: App, image?: Image, params: SandboxCreateParams = {}): Promise<Sandbox> {
    const { command = [], pty = false, signal } = params;
    const operation = {
      method: "POST",
      path: "/sandboxes",
      json: await createRequest(app, image, params),
      headers: { "idempotency-key": crypto.randomUUID() },
      repeatable: true,
    } as const;
    signal?.throwIfAborted();
    try {
      const { id } = await this.#gateway.json<SandboxView>({ ...operation, signal });
      return new Sandbox(this.#gateway, id, command.length > 0 && !pty);
    } catch (error) {
      // Nobody hears of a failure: whoever waits for the sandbox is told of the abortion.
      if (signal?.aborted) this.#undo(operation).catch(() => {});
      throw error;
    }
  }

  /** Deletes what a create may have made whose reply nobody waited for: by its key, the same request tells the id. */
  async #undo(create: Operation): Promise<void> {
    const { id } = await this.#gateway.json<SandboxView>(create);
    await this.#gateway.run({ method: "DELETE", path: `/sandboxes/${encodeURIComponent(id)}` });
  }

  /** The sandbox of that id, also one that has finished. Rejects with a `NotFoundError` if there is none. */
  async fromId(sandboxId: string, { signal }: WaitParams = {}): Promise<Sandbox> {
    const path = `/sandboxes/${encodeURIComponent(sandboxId)}`;
    const { id } = await this.#gateway.json<SandboxView>({ method: "GET", path, signal });
    return new Sandbox(this.#gateway, id);
  }

  /** The running sandbox of that name. Rejects with a `NotFoundError` if there is none. */
  async fromName(appName: string, name: string, { signal }: WaitParams = {}): Promise<Sandbox> {
    const path = `/apps/${encodeURIComponent(appName)}/sandboxes/${encodeURIComponent(name)}`;
    const { id } = await this.#gateway.json<SandboxView>({ method: "GET", path, signal });
    return new Sandbox(this.#gateway, id);
  }

  /** The running sandboxes, newest first. */
  async *list(params: SandboxListParams = {}): AsyncGenerator<Sandbox, void, void> {
    for await (const { sandboxId } of this.listInfo(params)) yield new Sandbox(this.#gateway, sandboxId);
  }

  /** What the running sandboxes are and how they fare, newest first. */
  async *listInfo(params: SandboxListParams = {}): AsyncGenerator<SandboxInfo, void, void> {
    const { phase, signal } = params;
    let cursor: string | undefined;
    do {
      const query = { ...selectionOf(params), phase, cursor };
      const page = await this.#gateway.json<SandboxList>({ method: "GET", path: "/sandboxes", query, signal });
      yield* page.items.map(infoOf);
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  /** What becomes of sandboxes: first those that there are, then each change, without an end. */
  watch(params: SandboxListParams = {}): AsyncGenerator<SandboxEvent, void, void> {
    return watchSandboxes(this.#gateway, selectionOf(params), params.signal);
  }
}

function selectionOf({ appId, tags = {}, includeFinished = false }: SandboxListParams) {
  return {
    app: appId,
    tag: Object.entries(tags).map(([name, value]) => `${name}=${value}`),
    ...(includeFinished && { all: true }),
  };
}
