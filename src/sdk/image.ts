import type { App } from "./app.ts";
import { invalid, notSupported } from "./errors.ts";
import type { Gateway } from "./http/gateway.ts";
import type { Secret, SecretParam } from "./secret.ts";

/** What an image is made from. */
interface ImageParts {
  gateway: Gateway;
  /** What a container runtime pulls. */
  reference: string;
  /** The reference by digest, once it is known. */
  imageId?: string;
  secret?: SecretParam | undefined;
  layers?: readonly string[][];
}

export interface ImageBuildParams {
  signal?: AbortSignal | undefined;
}

/** The file system that a sandbox starts with: an OCI image of any registry. */
export class Image {
  readonly #parts: ImageParts;

  /** @internal */
  constructor(parts: ImageParts) {
    this.#parts = parts;
  }

  /** Its reference by digest, once it has been built. Throws before. */
  get imageId(): string {
    const { imageId, reference } = this.#parts;
    if (imageId === undefined) throw invalid(`Image ${reference} has no id yet: await image.build(app) first`);
    return imageId;
  }

  /** The image with these commands of a Dockerfile carried out on top. */
  dockerfileCommands(commands: readonly string[]): Image {
    const copies = commands.find((command) => /^\s*COPY\s/i.test(command) && !/--from=/.test(command));
    if (copies !== undefined)
      throw invalid(
        `${JSON.stringify(copies)} copies from a build context, and there is none: write the file in a sandbox`,
      );
    return new Image({ ...this.#parts, layers: [...(this.#parts.layers ?? []), [...commands]] });
  }

  /** The image with its id known: its tag is looked up in the registry. */
  async build(_app: App, { signal }: ImageBuildParams = {}): Promise<Image> {
    this.#checkLayers();
    const { gateway, reference, secret } = this.#parts;
    return new Image({ ...this.#parts, imageId: await resolve(gateway, reference, secret, signal) });
  }

  /** @internal What runs it, and the Secret with which its registry gives it. Throws what cannot be run. */
  async spec(): Promise<{ image: string; secretName?: string }> {
    this.#checkLayers();
    const { imageId, reference, secret } = this.#parts;
    const name = (await secret)?.name;
    if (secret !== undefined && name === undefined)
      throw notSupported("A registry's credentials by secrets.fromObject (use secrets.fromName)");
    return { image: imageId ?? reference, ...(name !== undefined && { secretName: name }) };
  }

  #checkLayers(): void {
    if ((this.#parts.layers ?? []).some((layer) => layer.length > 0)) throw notSupported("dockerfileCommands");
  }
}

export interface ImageFromIdParams {
  /** Credentials for the registry. */
  secret?: Secret;
  signal?: AbortSignal | undefined;
}

/** Images of any registry. */
export class ImageService {
  readonly #gateway: Gateway;

  /** @internal */
  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** The image that a registry has under a tag; `secret` names a Secret with credentials for it. */
  fromRegistry(tag: string, secret?: SecretParam): Image {
    // Whoever uses the image is told when it rejects; until then nobody is.
    if (secret instanceof Promise) secret.catch(() => {});
    return new Image({ gateway: this.#gateway, reference: tag, secret });
  }

  /** The image of that id. Rejects with a `NotFoundError` if its registry has none. */
  async fromId(imageId: string, { secret, signal }: ImageFromIdParams = {}): Promise<Image> {
    if (!/@sha256:[0-9a-f]{64}$/.test(imageId))
      throw invalid(`${JSON.stringify(imageId)} is no image id: it must end with "@sha256:" and 64 hexadecimal digits`);
    const resolved = await resolve(this.#gateway, imageId, secret, signal);
    return new Image({ gateway: this.#gateway, reference: imageId, imageId: resolved, secret });
  }
}

async function resolve(
  gateway: Gateway,
  reference: string,
  secret: SecretParam | undefined,
  signal: AbortSignal | undefined,
): Promise<string> {
  const query = { reference, secretName: (await secret)?.name };
  return (await gateway.json<{ image: string }>({ method: "GET", path: "/images/resolve", query, signal })).image;
}
