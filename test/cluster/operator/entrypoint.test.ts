import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SECRET } from "../../../src/kube/objects.ts";
import { type LoginRegistry, loginRegistry } from "../../support/login-registry.ts";
import { waitFor } from "../../support/wait-for.ts";
import { operatorWorld, type OperatorWorld, small } from "./world.ts";

let world: OperatorWorld;
let registry: LoginRegistry;
beforeAll(async () => {
  world = await operatorWorld();
  registry = await loginRegistry(world.cluster, world.nodeAddress, 5003, {
    entrypoint: ["/bin/sh", "-c", 'echo "$0 $*"; exit 7', "$(HOME)"],
    cmd: ["never", "run"],
  });
  world.mirrors[new URL(registry.origin).host] = registry.origin;
  world.mirrors["silent.example.com"] = "http://127.0.0.1:1";
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

async function loginSecret(name: string, password = registry.password): Promise<void> {
  const stringData = { ".dockerconfigjson": registry.dockerConfig(password) };
  const metadata = { name, namespace: world.namespace };
  await world.kube.create(SECRET, { metadata, type: "kubernetes.io/dockerconfigjson", stringData });
}

describe("args stand behind the image's ENTRYPOINT", () => {
  test("of an image behind a login, which runs as it was looked up", async () => {
    await loginSecret("login");
    const spec = { ...small, image: registry.image, imagePullSecrets: [{ name: "login" }] };
    await world.create("with-args", { ...spec, args: ["a b", "$$"] });
    expect((await world.reaches("with-args", "Finished")).status).toMatchObject({ reason: "Error", exitCode: 7 });
    const pod = await world.pod("with-args");
    expect(pod?.spec?.containers[0]?.image).toMatch(/\/team\/tool@sha256:[0-9a-f]{64}$/);
    expect(await world.log("with-args")).toBe("$(HOME) a b $\n");
  });

  test("unless there is a command, and neither is run where there are none", async () => {
    const spec = { ...small, image: registry.image, imagePullSecrets: [{ name: "login" }] };
    await world.create("with-command", { ...spec, command: ["echo", "mine"], args: ["yours"] });
    expect((await world.reaches("with-command", "Finished")).status).toMatchObject({ exitCode: 0 });
    expect(await world.log("with-command")).toBe("mine yours\n");
    await world.create("with-neither", spec);
    await world.reaches("with-neither", "Started");
    expect(await world.log("with-neither")).toBe("");
  });

  test("of an image that has none they are the command", async () => {
    await world.create("without-entrypoint", { ...small, args: ["echo", "hello"] });
    expect((await world.reaches("without-entrypoint", "Finished")).status).toMatchObject({ exitCode: 0 });
    expect(await world.log("without-entrypoint")).toBe("hello\n");
  });
});

describe("an image whose ENTRYPOINT cannot be had", () => {
  test("for want of a Secret that comes a moment later is waited for", async () => {
    const spec = { ...small, image: registry.image, imagePullSecrets: [{ name: "later" }], args: ["x"] };
    await world.create("later", spec);
    await waitFor("the condition", async () => {
      const { status } = await world.get("later");
      return status?.conditions?.some(({ message }) => message.includes('There is no Secret "later"'));
    });
    await loginSecret("later");
    expect((await world.reaches("later", "Finished")).status).toMatchObject({ exitCode: 7 });
  });

  test.each([
    ["absent", "library/nothing:1", /library\/nothing:1 does not exist/],
    ["silent", "silent.example.com/a:1", /does not answer as one/],
  ])("for it is %s ends the sandbox, and the message says what to do", async (name, image, says) => {
    const className = await world.createClass({ limits: { pullSeconds: 3 } });
    await world.create(name, { ...small, className, image, args: ["x"] });
    const { status } = await world.reaches(name, "Finished");
    expect(status).toMatchObject({ reason: "ImageUnavailable", message: expect.stringMatching(says) });
    expect(await world.pod(name)).toBeUndefined();
  });
});
