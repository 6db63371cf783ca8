import type { Gateway } from "./http/gateway.ts";

/** A group of sandboxes: a `SandboxApp` in the namespace. */
export class App {
  /** Its id: its name in the namespace. */
  readonly appId: string;
  readonly name: string;

  /** @internal */
  constructor(name: string) {
    this.appId = name;
    this.name = name;
  }
}

export interface AppFromNameParams {
  /** Makes the app unless there is one. */
  createIfMissing?: boolean;
  signal?: AbortSignal | undefined;
}

/** Apps of the namespace. */
export class AppService {
  readonly #gateway: Gateway;

  /** @internal */
  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** The app of that name. Rejects with a `NotFoundError` if there is none and none is to be made. */
  async fromName(name: string, { createIfMissing = false, signal }: AppFromNameParams = {}): Promise<App> {
    const path = `/apps/${encodeURIComponent(name)}`;
    await this.#gateway.run(
      createIfMissing ? { method: "PUT", path, json: {}, signal } : { method: "GET", path, signal },
    );
    return new App(name);
  }
}
