import type { WatchFrame, CreateSandboxInput, SandboxView } from "../../api/sandbox-http.ts";
import { Broadcast } from "./broadcast.ts";
import { FileTree } from "./file-tree.ts";
import { refused } from "./replies.ts";
import type { MockRequest } from "./request.ts";
import { MockSandbox } from "./sandbox.ts";
import type { MockParams } from "./types.ts";

/** All that there is in one namespace. */
export class MockWorld {
  readonly apps = new Set<string>();
  readonly #params: MockParams;
  readonly #namespace: string;
  readonly #sandboxes = new Map<string, MockSandbox>();
  readonly #volumes = new Map<string, FileTree>();
  readonly #changes = new Broadcast<MockSandbox>();

  constructor(params: MockParams, namespace: string) {
    this.#params = params;
    this.#namespace = namespace;
  }

  create(input: CreateSandboxInput): SandboxView {
    const { app = "default", name } = input.spec ?? {};
    if (name !== undefined && this.#named(app, name) !== undefined)
      throw refused("already_exists", "sandbox", `Name "${name}" is taken by a sandbox of app "${app}"`);
    const sandbox: MockSandbox = new MockSandbox({
      namespace: this.#namespace,
      input,
      programs: this.#params.programs ?? {},
      secret: (wanted) => this.secret(wanted),
      volume: (wanted) => this.volume(wanted),
      onChange: () => this.#changes.tell(sandbox),
    });
    this.#sandboxes.set(sandbox.id, sandbox);
    this.#changes.tell(sandbox);
    return sandbox.view;
  }

  sandbox(id: string): MockSandbox {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) throw refused("not_found", "sandbox", `There is no sandbox "${id}"`);
    return sandbox;
  }

  /** Ends it, and forgets it. */
  delete(id: string): void {
    this.sandbox(id).terminate();
    this.#sandboxes.delete(id);
  }

  named(app: string, name: string): SandboxView {
    const sandbox = this.#named(app, name);
    if (sandbox !== undefined) return sandbox.view;
    throw refused("not_found", "sandbox", `Sandbox with name '${name}' not found in App '${app}'`);
  }

  /** Those that the query selects, newest first. */
  list(query: URLSearchParams): SandboxView[] {
    const views = [...this.#sandboxes.values()].map(({ view }) => view);
    return views.filter((view) => isSelected(view, query)).reverse();
  }

  /** Those that the query selects, and what becomes of them. */
  watch({ query, signal }: MockRequest): AsyncGenerator<WatchFrame, void, void> {
    const changes = this.#changes.listen(Infinity, signal);
    const known = new Set<string>();
    const listed = this.list(query);
    return (async function* () {
      for (const sandbox of listed) {
        known.add(sandbox.id);
        yield { type: "added", sandbox };
      }
      yield { type: "bookmark", cursor: "listed" };
      for await (const { view } of changes) {
        const selected = isSelected(view, query);
        if (!selected && !known.has(view.id)) continue;
        yield { type: selected ? (known.has(view.id) ? "modified" : "added") : "deleted", sandbox: view };
        if (selected) known.add(view.id);
        else known.delete(view.id);
      }
    })();
  }

  secret(name: string): Readonly<Record<string, string>> {
    const values = this.#params.secrets?.[name];
    if (values === undefined) throw refused("not_found", "secret", `Secret '${name}' not found`);
    return values;
  }

  makeVolume(name: string): void {
    if (!this.#volumes.has(name)) this.#volumes.set(name, new FileTree({ empty: true }));
  }

  volume(name: string): FileTree {
    const files = this.#volumes.get(name);
    if (files === undefined) throw refused("not_found", "volume", `There is no volume "${name}"`);
    return files;
  }

  deleteVolume(name: string): void {
    this.#volumes.delete(name);
  }

  /** A reference by a digest made up from the reference. */
  async resolve(reference: string): Promise<{ image: string; digest: string }> {
    const [name = "", known] = reference.split("@");
    if (known !== undefined) return { image: reference, digest: known };
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(reference)));
    const digest = `sha256:${Array.from(hash, (octet) => octet.toString(16).padStart(2, "0")).join("")}`;
    return { image: `${name.replace(/:[^/:]+$/, "")}@${digest}`, digest };
  }

  #named(app: string, name: string): MockSandbox | undefined {
    return [...this.#sandboxes.values()].find(
      ({ isFinished, view: { spec } }) => !isFinished && spec.app === app && spec.name === name,
    );
  }
}

function isSelected({ spec, status }: SandboxView, query: URLSearchParams): boolean {
  const app = query.get("app");
  const phase = query.get("phase");
  if (app !== null && spec.app !== app) return false;
  if (phase !== null && status.phase !== phase) return false;
  if (status.phase === "Finished" && query.get("all") !== "true" && phase === null) return false;
  const tags = Object.entries(spec.tags ?? {}).map(([name, value]) => `${name}=${value}`);
  return query.getAll("tag").every((tag) => tags.includes(tag));
}
