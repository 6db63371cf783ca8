import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseKubeconfig } from "../../../../src/sdk/node/kubeconfig/parse.ts";
import { selectContext } from "../../../../src/sdk/node/kubeconfig/select.ts";
import { CredentialSource } from "../../../../src/sdk/node/kubernetes/credentials.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sandkeep-plugin-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Credentials of a user with a plugin that runs this script, and with these other members. */
async function source(script: string, more = ""): Promise<CredentialSource> {
  const command = join(folder, "plugin");
  await writeFile(command, `#!/bin/sh\n${script}\n`);
  await chmod(command, 0o755);
  const config = `
current-context: c
contexts: [{name: c, context: {cluster: k, user: u}}]
clusters: [{name: k, cluster: {server: "https://k", certificate-authority-data: UEVN}}]
users:
- name: u
  user:
    exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, args: [arg], env: [{name: EXTRA, value: given}]${more}}`;
  return new CredentialSource(selectContext(parseKubeconfig(config, join(folder, "config")), undefined));
}

const answer = (status: object) =>
  `echo '${JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status })}'`;
const inMilliseconds = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString();

/** A script whose tokens are the numbers of its runs. */
const counted = (expirationTimestamp: string) =>
  `n=$(cat $0.runs 2>/dev/null || echo 0); n=$((n + 1)); echo $n > $0.runs
${answer({ token: "RUN", expirationTimestamp }).replace("RUN", "'$n'")}`;

describe("an exec plugin", () => {
  test("gives a token", async () => {
    const expirationTimestamp = inMilliseconds(3600_000);
    const credentials = await (await source(answer({ token: "t", expirationTimestamp }))).current();
    expect(credentials.bearer).toEqual({ token: "t", expiresAt: Date.parse(expirationTimestamp) });
    expect(credentials.tls).toEqual({ ca: "PEM" });
  });

  test("gives a certificate", async () => {
    const given = await source(answer({ clientCertificateData: "CERT", clientKeyData: "KEY" }));
    expect(await given.current()).toMatchObject({ tls: { ca: "PEM", cert: "CERT", key: "KEY" }, bearer: undefined });
  });

  test("hears its arguments, its environment, and about the cluster if it wants", async () => {
    const given = await source(
      `[ "$1 $EXTRA" = "arg given" ] && [ -n "$PATH" ] || exit 3
case $KUBERNETES_EXEC_INFO in *'"server":"https://k"'*'"certificate-authority-data":"UEVN"'*) ;; *) exit 4;; esac
${answer({ token: "t" })}`,
      ", provideClusterInfo: true",
    );
    expect((await given.current()).bearer?.token).toBe("t");
  });

  test("runs again when its answer has expired or was refused, and once for all who ask", async () => {
    const lasting = await source(counted(inMilliseconds(3600_000)));
    const tokens = async () =>
      (await Promise.all([lasting.current(), lasting.current()])).map(({ bearer }) => bearer?.token);
    expect(await tokens()).toEqual(["1", "1"]);
    expect(await tokens()).toEqual(["1", "1"]);
    expect(lasting.forget()).toBe(true);
    expect(await tokens()).toEqual(["2", "2"]);

    const brief = await source(counted(inMilliseconds(1_000)));
    expect((await brief.current()).bearer?.token).toBe("3");
    expect((await brief.current()).bearer?.token).toBe("4");
  });

  test.each([
    ["fails", "exit 7", "", /exited with 7/],
    ["prints no JSON", "echo token", "", /not JSON/],
    ["prints something else", 'echo \'{"kind": "Pod"}\'', "", /no ExecCredential/],
    ["prints nothing of use", answer({ token: "" }), "", /neither a token nor a certificate/],
    ["needs a terminal", answer({ token: "t" }), ", interactiveMode: Always", /needs a terminal/],
  ])("that %s is refused with why, and runs again next time", async (_, script, more, message) => {
    const given = await source(script, more);
    await expect(given.current()).rejects.toThrow(message);
    await expect(given.current()).rejects.toThrow(message);
  });

  test("that is not there says how to get it", async () => {
    const given = await source("", ", installHint: brew install plugin");
    await rm(join(folder, "plugin"));
    await expect(given.current()).rejects.toThrow(/ENOENT[^]*brew install plugin/);
  });
});
