import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { isForbidden, isNotFound } from "../../kube/api-error.ts";
import type { Kube } from "../../kube/client.ts";
import { SECRET } from "../../kube/objects.ts";
import { backoff } from "../../lib/backoff.ts";
import { orAborted } from "../../lib/or-aborted.ts";
import { Recent } from "../../lib/recent.ts";
import { sleep } from "../../lib/sleep.ts";
import { Turns } from "../../lib/turns.ts";
import type { Log } from "../../log.ts";
import { type Credentials, pullCredentialsFor } from "../../registry/credentials.ts";
import { type ImageInspector, isShort } from "../../registry/inspect.ts";
import { type ImageReference, parseReference } from "../../registry/reference.ts";
import type { FoundImage, ImageFailure, ImageLookup, WantedImage } from "./entrypoint.ts";

export interface ImageLookupsOptions {
  /** Disposed of with the lookups. */
  inspector: ImageInspector;
  kube: Pick<Kube, "get">;
  /** Told the key of a sandbox of whose image something new is known. */
  report: (key: string) => void;
  log: Log;
}

/** For how long a tag is taken to stand for the same image. */
const tagMilliseconds = 30_000;

/** Lookups of one namespace at once: registries that do not answer hold up their own tenants first. */
const mostOfNamespace = 8;

/** Inspections at once, in one line for all: each may hold a manifest and a configuration of the largest size. */
const mostAtOnce = 64;

/** The first is short: a Secret may be on its way. */
const pause = { first: 400, most: 30_000 };

/** Answers that another try would not change. A login may come yet. */
const final: ReadonlySet<ImageFailure> = new Set(["absent", "not-allowed", "unsuitable"]);

interface Looking {
  stop: AbortController;
  task: Promise<void>;
}

/** A failed inspection, which is not remembered. */
class Failed extends Error {
  override name = "Failed";
  readonly kind: ImageFailure;

  constructor(kind: ImageFailure) {
    super(kind);
    this.kind = kind;
  }
}

/**
 * Looks images up for sandboxes that need their ENTRYPOINT, behind the back of the workers: what is known is kept until the
 * sandbox is forgotten, and what failed is tried again with growing pauses unless that would not help.
 */
export class ImageLookups implements AsyncDisposable {
  readonly #options: ImageLookupsOptions;
  readonly #looking = new Map<string, Looking>();
  readonly #known = new Map<string, ImageLookup>();
  /** What was asked for the sandbox: an answer to anything else, such as an earlier image of its class, is not for it. */
  readonly #questions = new Map<string, { text: string; askedAt: string }>();
  readonly #turns = new Turns(mostOfNamespace);
  readonly #inspections = new Turns(mostAtOnce);
  readonly #tags = new Recent<FoundImage>({ milliseconds: tagMilliseconds, max: 1000, keep: isSmall });
  readonly #digests = new Recent<FoundImage>({ milliseconds: Infinity, max: 1000, keep: isSmall });
  readonly #closing = new AbortController();

  constructor(options: ImageLookupsOptions) {
    this.#options = options;
  }

  /** What is known of this image for this sandbox; else begins to find it out, unless that is under way. */
  observe(key: string, wanted: WantedImage): ImageLookup | undefined {
    const text = JSON.stringify([wanted.uid, wanted.reference, wanted.pullSecrets]);
    if (this.#questions.get(key)?.text !== text) {
      this.forget(key);
      this.#questions.set(key, { text, askedAt: new Date().toISOString() });
    }
    const known = this.#known.get(key) ?? this.#remembered(key, wanted);
    if (known !== undefined || this.#looking.has(key)) return known;
    const stop = new AbortController();
    this.#looking.set(key, { stop, task: this.#look(key, wanted, stop.signal) });
    return undefined;
  }

  /** Since when is asked what was last asked for the sandbox. */
  askedAt(key: string): string | undefined {
    return this.#questions.get(key)?.askedAt;
  }

  /** Stops asking and drops what is known. */
  forget(key: string): void {
    this.#questions.delete(key);
    this.#known.delete(key);
    this.#looking.get(key)?.stop.abort(new Error(`Nobody waits for the image of ${key} any more`));
    this.#looking.delete(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const looking = [...this.#looking];
    for (const [key] of looking) this.forget(key);
    this.#closing.abort(new Error("the operator stops"));
    await Promise.all(looking.map(([, { task }]) => task));
    await this.#options.inspector[Symbol.asyncDispose]();
  }

  /** An answer that is there for everybody spares the sandbox a pass of its own. */
  #remembered(key: string, wanted: WantedImage): FoundImage | undefined {
    if (wanted.pullSecrets.length > 0 || this.#looking.has(key)) return undefined;
    const { recent, id } = this.#placeOf(parseReference(wanted.reference), wanted.architectures, undefined);
    const found = recent.peek(id);
    if (found !== undefined) this.#known.set(key, found);
    return found;
  }

  async #look(key: string, wanted: WantedImage, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        // Who gives up leaves at once; the turn lasts as long as the request, which goes on for others.
        const turn = this.#turns.take(wanted.namespace, () => this.#lookUp(wanted, signal), signal);
        const lookup = await orAborted(turn, signal);
        signal.throwIfAborted();
        const isNews = !isDeepStrictEqual(this.#known.get(key), lookup);
        this.#known.set(key, lookup);
        if (isNews) this.#options.report(key);
        if (lookup.kind === "found" || lookup.final) return;
      } catch (error) {
        if (!signal.aborted) this.#options.log.warn({ error, key }, "cannot look an image up; tried again");
      }
      await sleep(backoff(attempt, pause), signal).catch(() => {});
    }
  }

  async #lookUp(wanted: WantedImage, signal: AbortSignal): Promise<ImageLookup> {
    const image = parseReference(wanted.reference);
    const { logins, missing, forbidden } = await this.#loginsFor(image, wanted, signal);
    let failure: ImageFailure = "silent";
    for (const login of logins.length > 0 ? logins : [undefined]) {
      signal.throwIfAborted();
      try {
        return await this.#inspect(image, wanted.architectures, login);
      } catch (error) {
        if (!(error instanceof Failed)) throw error;
        failure = error.kind;
        if (failure !== "refused") break;
      }
    }
    const isFinal = final.has(failure) || (failure === "refused" && forbidden.length > 0);
    return { kind: failure, final: isFinal, ...(failure === "refused" && { unseen: { missing, forbidden } }) };
  }

  /** All who ask the same share a request. An answer in use is not renewed behind its turn. */
  async #inspect(image: ImageReference, architectures: string[], login: Credentials | undefined): Promise<FoundImage> {
    const { recent, id } = this.#placeOf(image, architectures, login);
    const { signal } = this.#closing;
    const inspect = async () => {
      const inspection = await this.#options.inspector.inspect(image, architectures, login, signal);
      if (inspection.kind !== "found") throw new Failed(inspection.kind);
      return inspection;
    };
    return recent.peek(id) ?? (await recent.get(id, () => this.#inspections.take("", inspect, signal)));
  }

  /** Where its answer is remembered. Each login has answers of its own: what one tenant may pull, another may not. */
  #placeOf(image: ImageReference, architectures: string[], login: Credentials | undefined) {
    const who = login && createHash("sha256").update(JSON.stringify(login)).digest("base64");
    const recent = image.version.includes(":") ? this.#digests : this.#tags;
    return { recent, id: JSON.stringify([image, architectures, who]) };
  }

  async #loginsFor(
    { host }: ImageReference,
    { namespace, pullSecrets }: WantedImage,
    signal: AbortSignal,
  ): Promise<{ logins: Credentials[]; missing: string[]; forbidden: string[] }> {
    const logins: Credentials[] = [];
    const missing: string[] = [];
    const forbidden: string[] = [];
    for (const name of pullSecrets) {
      try {
        const secret = await this.#options.kube.get(SECRET, { namespace, name }, { signal });
        const login = pullCredentialsFor(host, secret);
        if (login !== undefined) logins.push(login);
      } catch (error) {
        if (isNotFound(error)) missing.push(name);
        else if (isForbidden(error)) forbidden.push(name);
        else throw error;
      }
    }
    return { logins, missing, forbidden };
  }
}

function isSmall({ entrypoint }: FoundImage): boolean {
  return isShort(entrypoint);
}
