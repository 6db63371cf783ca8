import { dirname, resolve } from "node:path";
import { parse, YAMLParseError } from "yaml";
import { misconfigured } from "../configuration-error.ts";
import type { Cluster, Context, ExecPlugin, Impersonation, Kubeconfig, User } from "./kubeconfig.ts";

/** The kubeconfig in a file of this path, YAML or JSON. Paths in it are relative to the file. */
export function parseKubeconfig(text: string, path: string): Kubeconfig {
  let content: unknown;
  try {
    // Every scalar a string: a token of digits keeps them all.
    content = parse(text, { schema: "failsafe", logLevel: "error" });
  } catch (error) {
    throw misconfigured(`Cannot read the kubeconfig ${path}: it is not YAML${placeOf(error)}`);
  }
  const config = new Reader(content, dirname(path));
  return {
    currentContext: config.text("current-context"),
    clusters: named(config.list("clusters"), "cluster", clusterOf),
    users: named(config.list("users"), "user", userOf),
    contexts: named(config.list("contexts"), "context", contextOf),
  };
}

/** Where a parser's error is. What it says shows lines of the file, which have tokens and keys in them. */
function placeOf(error: unknown): string {
  if (!(error instanceof YAMLParseError) || error.linePos === undefined) return "";
  const [{ line, col }] = error.linePos;
  return `, at line ${line}, column ${col}`;
}

/** A name that is there twice is the first one's. */
function named<T>(entries: Reader[], member: string, read: (entry: Reader) => T): Map<string, T> {
  return new Map(
    entries.reverse().flatMap((entry): [string, T][] => {
      const name = entry.text("name");
      return name === undefined ? [] : [[name, read(entry.member(member))]];
    }),
  );
}

function contextOf(entry: Reader): Context {
  return { cluster: entry.text("cluster"), user: entry.text("user"), namespace: entry.text("namespace") };
}

function clusterOf(entry: Reader): Cluster {
  return {
    server: entry.text("server"),
    authority: entry.pem("certificate-authority"),
    insecure: entry.text("insecure-skip-tls-verify") === "true",
    serverName: entry.text("tls-server-name"),
    proxyUrl: entry.text("proxy-url"),
  };
}

function userOf(entry: Reader): User {
  const username = entry.text("username");
  return {
    token: entry.text("token"),
    tokenFile: entry.path("tokenFile"),
    certificate: entry.pem("client-certificate"),
    key: entry.pem("client-key"),
    basic: username === undefined ? undefined : { username, password: entry.text("password") ?? "" },
    exec: execOf(entry.member("exec")),
    impersonation: impersonationOf(entry),
    authProvider: entry.member("auth-provider").text("name"),
  };
}

function execOf(entry: Reader): ExecPlugin | undefined {
  const command = entry.text("command");
  if (command === undefined) return undefined;
  const env = entry.list("env").map((one): [string, string] => [one.text("name") ?? "", one.text("value") ?? ""]);
  return {
    apiVersion: entry.text("apiVersion") ?? "",
    // A bare name is looked up in PATH.
    command: command.includes("/") ? (entry.path("command") ?? command) : command,
    args: entry.texts("args"),
    env: Object.fromEntries(env),
    installHint: entry.text("installHint"),
    provideClusterInfo: entry.text("provideClusterInfo") === "true",
    interactiveMode: entry.text("interactiveMode"),
  };
}

function impersonationOf(entry: Reader): Impersonation | undefined {
  const user = entry.text("as");
  if (user === undefined) return undefined;
  const extra = entry.member("as-user-extra");
  return {
    user,
    uid: entry.text("as-uid"),
    groups: entry.texts("as-groups"),
    extra: Object.fromEntries(extra.keys().map((key) => [key, extra.texts(key)])),
  };
}

/** A part of a file that may be of any form: what is not as it should be is not there. */
class Reader {
  readonly #members: Record<string, unknown>;
  readonly #folder: string;

  constructor(content: unknown, folder: string) {
    this.#members = typeof content === "object" && content !== null ? (content as Record<string, unknown>) : {};
    this.#folder = folder;
  }

  keys(): string[] {
    return Object.keys(this.#members);
  }

  text(name: string): string | undefined {
    return textOf(this.#members[name]);
  }

  texts(name: string): string[] {
    return this.#array(name).flatMap((one) => textOf(one) ?? []);
  }

  list(name: string): Reader[] {
    return this.#array(name).map((one) => new Reader(one, this.#folder));
  }

  member(name: string): Reader {
    return new Reader(this.#members[name], this.#folder);
  }

  path(name: string): string | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : resolve(this.#folder, text);
  }

  pem(name: string): { data: string | undefined; file: string | undefined } {
    return { data: this.text(`${name}-data`), file: this.path(name) };
  }

  #array(name: string): unknown[] {
    const value = this.#members[name];
    return Array.isArray(value) ? value : [];
  }
}

/** YAML's own ways to say nothing are nothing. */
function textOf(value: unknown): string | undefined {
  return typeof value === "string" && !["", "null", "~"].includes(value) ? value : undefined;
}
