import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { merge } from "../../../../src/sdk/node/kubeconfig/kubeconfig.ts";
import { loadKubeconfig } from "../../../../src/sdk/node/kubeconfig/load.ts";
import { parseKubeconfig } from "../../../../src/sdk/node/kubeconfig/parse.ts";
import { selectContext } from "../../../../src/sdk/node/kubeconfig/select.ts";

const full = `
apiVersion: v1
kind: Config
current-context: work
clusters:
- name: one
  cluster:
    server: https://one:6443/
    certificate-authority: pki/ca.crt
    tls-server-name: kubernetes
    insecure-skip-tls-verify: true
users:
- name: me
  user:
    token: 0012
    tokenFile: /abs/token
    client-certificate: me.crt
    client-key-data: S0VZ
    as: other
    as-groups: [a, b]
    as-user-extra: {scopes: [x]}
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./bin/login
      args: [--quiet, "7"]
      env: [{name: A, value: b}]
      provideClusterInfo: true
      interactiveMode: Never
contexts:
- name: work
  context: {cluster: one, user: me, namespace: team}
`;

describe("a kubeconfig", () => {
  test("is read with its paths relative to the file, and its scalars as they are written", () => {
    expect(parseKubeconfig(full, "/home/me/.kube/config")).toEqual({
      currentContext: "work",
      clusters: new Map([
        [
          "one",
          {
            server: "https://one:6443/",
            authority: { data: undefined, file: "/home/me/.kube/pki/ca.crt" },
            insecure: true,
            serverName: "kubernetes",
            proxyUrl: undefined,
          },
        ],
      ]),
      users: new Map([
        [
          "me",
          {
            token: "0012",
            tokenFile: "/abs/token",
            certificate: { data: undefined, file: "/home/me/.kube/me.crt" },
            key: { data: "S0VZ", file: undefined },
            basic: undefined,
            exec: {
              apiVersion: "client.authentication.k8s.io/v1",
              command: "/home/me/.kube/bin/login",
              args: ["--quiet", "7"],
              env: { A: "b" },
              installHint: undefined,
              provideClusterInfo: true,
              interactiveMode: "Never",
            },
            impersonation: { user: "other", uid: undefined, groups: ["a", "b"], extra: { scopes: ["x"] } },
            authProvider: undefined,
          },
        ],
      ]),
      contexts: new Map([["work", { cluster: "one", user: "me", namespace: "team" }]]),
    });
  });

  test.each([
    ["nothing", ""],
    ["null", "clusters: null\nusers: ~\ncontexts:\ncurrent-context: ''"],
    ["other forms", "clusters: 7\nusers: {a: b}\ncontexts: [x, [y], {context: z}]"],
    ["JSON", '{"clusters": [], "contexts": null}'],
  ])("of %s has nothing", (_, text) => {
    const { currentContext, clusters, users, contexts } = parseKubeconfig(text, "/k");
    expect([currentContext, clusters.size, users.size, contexts.size]).toEqual([undefined, 0, 0, 0]);
  });

  test("that is not YAML says where", () => {
    expect(() => parseKubeconfig("a: [b", "/home/me/.kube/config")).toThrow(/\/home\/me\/\.kube\/config/);
  });
});

/** A file with one context. */
const context = (name: string, cluster: string) => `contexts: [{name: ${name}, context: {cluster: ${cluster}}}]`;

test("of several files the first to name something counts", () => {
  const merged = merge([
    parseKubeconfig(context("a", "first"), "/1"),
    parseKubeconfig(`current-context: b\n${context("a", "second")}`, "/2"),
    parseKubeconfig(`current-context: c\n${context("b", "third")}`, "/3"),
  ]);
  expect(merged.currentContext).toBe("b");
  expect(Object.fromEntries([...merged.contexts].map(([name, { cluster }]) => [name, cluster]))).toEqual({
    a: "first",
    b: "third",
  });
});

/** A file whose context `c` is of this cluster and this user. */
const parts = (cluster: string, user = "{token: t}") =>
  parseKubeconfig(
    `current-context: c
contexts: [{name: c, context: {cluster: k, user: u}}, {name: d, context: {cluster: missing, user: u}}, {name: e, context: {cluster: k}}]
clusters: [{name: k, cluster: ${cluster}}]
users: [{name: u, user: ${user}}]`,
    "/k",
  );

describe("a context", () => {
  const usual = parts("{server: 'https://k/'}");

  test("is the current one unless another is named", () => {
    expect(selectContext(usual, undefined)).toMatchObject({ server: "https://k", userName: "u", user: { token: "t" } });
  });

  test.each<[what: string, config: typeof usual, name: string | undefined, message: RegExp]>([
    ["that is not there", usual, "x", /"x".*has "c", "d"/],
    [
      "that is not chosen",
      { ...usual, currentContext: undefined },
      undefined,
      /no current context.*"c", "d".*use-context/,
    ],
    ["without its cluster", usual, "d", /no cluster "missing"/],
    ["without its user", usual, "e", /no user ""/],
    ["without a server", parts("{}"), undefined, /"k" has no server/],
    ["behind a proxy", parts("{server: 'https://k', proxy-url: 'http://p'}"), undefined, /proxy-url.*SANDKEEP_URL/],
    [
      "of a legacy plugin",
      parts("{server: 'https://k'}", "{auth-provider: {name: oidc}}"),
      undefined,
      /"oidc".*exec plugin/,
    ],
  ])("%s is refused with what to do", (_, config, name, message) => {
    expect(() => selectContext(config, name)).toThrow(message);
  });
});

describe("the files", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sandkeep-kubeconfig-"));
    await mkdir(join(folder, ".kube"));
    await writeFile(join(folder, ".kube", "config"), "current-context: home");
    await writeFile(join(folder, "a"), "contexts: []");
    await writeFile(join(folder, "b"), "current-context: b");
  });
  afterAll(() => rm(folder, { recursive: true }));

  const current = async (file: string | undefined, env: Record<string, string>) =>
    (await loadKubeconfig(file && join(folder, file), env))?.currentContext;

  test("are those of KUBECONFIG, where missing ones are passed over", async () => {
    const KUBECONFIG = ["missing", "a", "", "b"].map((name) => name && join(folder, name)).join(":");
    expect(await current(undefined, { KUBECONFIG, HOME: folder })).toBe("b");
  });

  test("are else the one in the home directory, or none", async () => {
    expect(await current(undefined, { HOME: folder })).toBe("home");
    expect(await loadKubeconfig(undefined, { HOME: join(folder, "nobody") })).toBeUndefined();
  });

  test("are the one that is named, which must be there", async () => {
    expect(await current("b", { KUBECONFIG: join(folder, "a") })).toBe("b");
    await expect(current("missing", {})).rejects.toThrow(/Cannot read the kubeconfig .*missing/);
  });

  test.each([
    ["a line that is indented wrongly", "users:\n- user:\n    token: secret\n   x: y\n", ", at line 4, column 1"],
    ["a quote without an end", 'users:\n- user: {token: "secret\n', ", at line 3, column 1"],
    ["an alias of nothing", "token: *secret\n", ""],
  ])("with %s is an error that shows nothing of it", (_, text, place) => {
    let error: unknown;
    try {
      parseKubeconfig(text, "/home/me/config");
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ message: `Cannot read the kubeconfig /home/me/config: it is not YAML${place}` });
    expect(inspect(error)).not.toContain("secret");
  });
});
