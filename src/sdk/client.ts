import { AppService } from "./app.ts";
import type { ConnectOptions } from "./connect-options.ts";
import { Gateway } from "./http/gateway.ts";
import type { Connection } from "./http/transport.ts";
import { ImageService } from "./image.ts";
import { connect } from "#platform";
import { ProxyService } from "./proxy.ts";
import { SandboxService } from "./sandbox/sandboxes.ts";
import { SecretService } from "./secret.ts";
import { VolumeService } from "./volume.ts";

export interface SandkeepClientParams extends ConnectOptions {
  /** For how long an operation that may be repeated is, while the gateway cannot be reached; milliseconds. A minute by default. */
  retryMs?: number;
  /** A way to the gateway of one's own, instead of what the other parameters describe. */
  connection?: Connection;
}

/**
 * Sandboxes of one namespace. Which cluster, which user and which namespace comes from the parameters, else from `SANDKEEP_URL` and
 * `SANDKEEP_TOKEN`, else from the Pod's service account, else from the kubeconfig. Nothing is sent before it is needed, and
 * connections that are idle keep no program alive.
 */
export class SandkeepClient {
  readonly apps: AppService;
  readonly images: ImageService;
  readonly proxies: ProxyService;
  readonly sandboxes: SandboxService;
  readonly secrets: SecretService;
  readonly volumes: VolumeService;
  readonly #gateway: Gateway;

  constructor({ retryMs = 60_000, connection, ...options }: SandkeepClientParams = {}) {
    const gateway = new Gateway(async () => connection ?? (await connect(options)), retryMs);
    this.#gateway = gateway;
    this.apps = new AppService(gateway);
    this.images = new ImageService(gateway);
    this.proxies = new ProxyService(gateway);
    this.sandboxes = new SandboxService(gateway);
    this.secrets = new SecretService(gateway);
    this.volumes = new VolumeService(gateway);
  }

  /** Closes idle connections. Not needed for a program to end. */
  close(): void {
    void this.#gateway.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gateway.close();
  }
}
