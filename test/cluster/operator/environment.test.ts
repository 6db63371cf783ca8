import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SandboxSpecInput } from "../../../src/api/sandbox.ts";
import { CONFIG_MAP, PERSISTENT_VOLUME_CLAIM, SECRET, TOKEN_REVIEW } from "../../../src/kube/objects.ts";
import { operatorWorld, type OperatorWorld, small } from "./world.ts";

let world: OperatorWorld;
beforeAll(async () => {
  world = await operatorWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** What a script writes in a sandbox of this kind; each of its lines has to succeed. */
async function outputOf(name: string, script: string, spec: SandboxSpecInput): Promise<string> {
  await world.create(name, { ...small, ...spec, command: ["sh", "-euc", script.replaceAll("$(", "$$(")] });
  const { status } = await world.reaches(name, "Finished");
  const output = await world.log(name);
  expect({ reason: status?.reason, message: status?.message, output }).toMatchObject({ reason: "Completed" });
  return output;
}

async function review(token: string, audiences: string[]) {
  const { status } = await world.kube.create(TOKEN_REVIEW, { metadata: { name: "" }, spec: { token, audiences } });
  return status;
}

describe("an identity token", () => {
  test("says which sandbox it is to whom it is for, and to nobody else", async () => {
    const script = 'test "$TOKEN" = "$(cat "$TOKEN_FILE")"; printf %s "$TOKEN"';
    const identityToken = { audience: "sts.example.com", expirationSeconds: 600, envName: "TOKEN" };
    const token = await outputOf("identity", script, { identityToken });

    const known = await review(token, ["sts.example.com"]);
    expect(known).toMatchObject({
      authenticated: true,
      user: {
        username: `system:serviceaccount:${world.namespace}:default`,
        extra: { "authentication.kubernetes.io/pod-name": ["identity"] },
      },
    });
    expect(await review(token, [])).not.toMatchObject({ authenticated: true });
    expect(await review(token, ["other.example.com"])).not.toMatchObject({ authenticated: true });
    const pod = await world.pod("identity");
    expect(JSON.stringify(pod)).not.toContain(token);
  });

  test("for the API server is refused", async () => {
    const { issuer } = await world.kube.getPath<{ issuer: string }>("/.well-known/openid-configuration");
    await world.create("for-the-server", { ...small, identityToken: { audience: issuer } });
    const { status } = await world.reaches("for-the-server", "Finished");
    expect(status).toMatchObject({ reason: "Rejected", message: expect.stringContaining("API server's own") });
  });
});

test("volumes of every kind that this cluster has are there, as far as they may be written", async () => {
  const { kube, namespace } = world;
  const metadata = { name: "files", namespace };
  await kube.create(SECRET, { metadata, stringData: { password: "hunter2", other: "x" } });
  await kube.create(CONFIG_MAP, { metadata, data: { greeting: "hello" } });
  await kube.create(PERSISTENT_VOLUME_CLAIM, {
    metadata,
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Mi" } } },
  });
  const volumes: SandboxSpecInput["volumes"] = [
    { name: "claim", mountPath: "/claim", persistentVolumeClaim: { claimName: "files" } },
    { name: "scratch", mountPath: "/scratch", emptyDir: { medium: "Memory", sizeLimit: "8Mi" } },
    {
      name: "secret",
      mountPath: "/secret",
      secret: { secretName: "files", items: [{ key: "password", path: "deep/password", mode: 0o400 }] },
    },
    { name: "config", mountPath: "/config", configMap: { name: "files" } },
    { name: "image", mountPath: "/image", image: { reference: "busybox:stable" } },
  ];
  const write = `
    cat /secret/deep/password /config/greeting; test ! -e /secret/other
    test -x /image/bin/busybox
    mkdir /claim/part; echo kept > /claim/part/file; echo lost > /scratch/file
    ! touch /image/x; ! touch /secret/x; ! touch /config/x`;
  expect(await outputOf("all-volumes", write, { volumes })).toContain("hunter2hello");

  const claim = { name: "claim", mountPath: "/claim", persistentVolumeClaim: { claimName: "files" } };
  const read = "cat /claim/file; ! touch /claim/x";
  expect(await outputOf("part", read, { volumes: [{ ...claim, readOnly: true, subPath: "part" }] })).toContain(
    "kept\n",
  );
});

test("processes are the user and groups that they are to be, and write where they may", async () => {
  const script = `
    id -u; id -g; id -G
    echo a > /scratch/a; stat -c %g /scratch/a
    ! touch /a 2> /dev/null; ! touch /etc/a 2> /dev/null`;
  const spec: SandboxSpecInput = {
    securityContext: { runAsUser: 1000, runAsGroup: 1001, fsGroup: 1002, readOnlyRootFilesystem: true },
    volumes: [{ name: "scratch", mountPath: "/scratch", emptyDir: {} }],
    identityToken: { audience: "sts.example.com" },
  };
  const output = await outputOf("as-user", `${script}\ntest -n "$SANDKEEP_IDENTITY_TOKEN"`, spec);
  expect(output.split("\n").slice(0, 4)).toEqual(["1000", "1001", "1001 1002", "1002"]);
});

test("a command with tty has a terminal", async () => {
  expect(await outputOf("terminal", "test -t 0; test -t 1; tty", { tty: true })).toMatch(/^\/dev\//);
});

test("a sandbox that names no image runs its class's", async () => {
  const className = await world.createClass({ defaultImage: "busybox:stable" });
  const { image: _, ...imageless } = small;
  await world.create("default-image", { ...imageless, className, args: ["true"] });
  expect((await world.reaches("default-image", "Finished")).status).toMatchObject({ reason: "Completed" });
});
