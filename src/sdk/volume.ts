import { NotFoundError } from "./errors.ts";
import type { Gateway } from "./http/gateway.ts";

export interface VolumeMountOptions {
  /** Whether writing to it fails. */
  readOnly?: boolean;
  /** The part of it to mount. */
  subPath?: string;
}

/** Storage that outlives sandboxes: a PersistentVolumeClaim in the namespace. */
export class Volume {
  /** Its id: its name in the namespace. */
  readonly volumeId: string;
  readonly name: string;
  readonly readOnly: boolean;
  readonly subPath: string | undefined;

  /** @internal */
  constructor(name: string, { readOnly = false, subPath }: VolumeMountOptions = {}) {
    this.volumeId = name;
    this.name = name;
    this.readOnly = readOnly;
    this.subPath = subPath;
  }

  /** The same volume, mounted differently. What is left out stays. */
  withMountOptions(options: VolumeMountOptions = {}): Volume {
    return new Volume(this.name, {
      readOnly: this.readOnly,
      ...(this.subPath && { subPath: this.subPath }),
      ...options,
    });
  }
}

/** As a parameter, a volume or the promise of one. */
export type VolumeParam = Volume | Promise<Volume>;

export interface VolumeFromNameParams {
  /** Makes the volume, with the class's size and kind of storage, unless there is one. */
  createIfMissing?: boolean;
  signal?: AbortSignal | undefined;
}

export interface VolumeDeleteParams {
  /** Whether it is no error that there is none. */
  allowMissing?: boolean;
  signal?: AbortSignal | undefined;
}

/** Volumes of the namespace. */
export class VolumeService {
  readonly #gateway: Gateway;

  /** @internal */
  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** The volume of that name. Rejects with a `NotFoundError` if there is none and none is to be made. */
  async fromName(name: string, { createIfMissing = false, signal }: VolumeFromNameParams = {}): Promise<Volume> {
    const path = pathOf(name);
    await this.#gateway.run(
      createIfMissing ? { method: "PUT", path, json: {}, signal } : { method: "GET", path, signal },
    );
    return new Volume(name);
  }

  /** Deletes a volume with all that is in it. */
  async delete(name: string, { allowMissing = false, signal }: VolumeDeleteParams = {}): Promise<void> {
    try {
      await this.#gateway.run({ method: "DELETE", path: pathOf(name), doneWhen: "not_found", signal });
    } catch (error) {
      if (!allowMissing || !(error instanceof NotFoundError)) throw error;
    }
  }
}

function pathOf(name: string): string {
  return `/volumes/${encodeURIComponent(name)}`;
}
