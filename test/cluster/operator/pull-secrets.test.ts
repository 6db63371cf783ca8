import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EVENT, SECRET } from "../../../src/kube/objects.ts";
import { type LoginRegistry, loginRegistry } from "../../support/login-registry.ts";
import { waitFor } from "../../support/wait-for.ts";
import { operatorWorld, type OperatorWorld, small } from "./world.ts";

let world: OperatorWorld;
let registry: LoginRegistry;
beforeAll(async () => {
  world = await operatorWorld();
  registry = await loginRegistry(world.cluster, world.nodeAddress, 5001);
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

async function loginSecret(name: string, password: string): Promise<void> {
  const stringData = { ".dockerconfigjson": registry.dockerConfig(password) };
  const metadata = { name, namespace: world.namespace };
  await world.kube.create(SECRET, { metadata, type: "kubernetes.io/dockerconfigjson", stringData });
}

describe.concurrent("an image behind a login is unavailable, and the message says what to do,", () => {
  test.each([
    ["without a Secret", "none", undefined],
    ["with a Secret that is not there", "absent", undefined],
    ["with a wrong password", "wrong", "incorrect-horse-battery"],
  ])("%s", async (_what, name, password) => {
    if (password !== undefined) await loginSecret(name, password);
    const imagePullSecrets = name === "none" ? [] : [{ name }];
    await world.create(name, { ...small, image: registry.image, command: ["true"], imagePullSecrets });
    const { status } = await world.reaches(name, "Finished");
    expect(status).toMatchObject({ reason: "ImageUnavailable" });
    expect(status?.message).toContain(registry.image);
    expect(status?.message).toContain("imagePullSecrets");

    const { items } = await world.kube.list(EVENT, { namespace: world.namespace });
    const told = JSON.stringify([status, items]);
    expect(told).not.toContain("horse");
    expect(told).not.toContain(Buffer.from(`puller:${password}`).toString("base64"));
  });
});

test("a Secret that comes after its sandbox is in time", async () => {
  const spec = { ...small, image: registry.image, command: ["true"], imagePullSecrets: [{ name: "late" }] };
  await world.create("late", spec);
  await waitFor("the first pull to be refused", async () => {
    const { status } = await world.get("late");
    return status?.conditions?.some(({ type, reason }) => type === "Started" && reason.includes("ImagePull"));
  });
  await loginSecret("late", registry.password);
  expect((await world.reaches("late", "Finished")).status).toMatchObject({ reason: "Completed" });
});

test("an image behind a login runs with the Secret that opens it", async () => {
  await loginSecret("right", registry.password);
  const spec = { ...small, image: registry.image, command: ["true"], imagePullSecrets: [{ name: "right" }] };
  await world.create("right", spec);
  expect((await world.reaches("right", "Finished")).status).toMatchObject({ reason: "Completed", exitCode: 0 });
});

test("a class gives its sandboxes the Secret", async () => {
  await loginSecret("of-class", registry.password);
  const className = await world.createClass({ imagePullSecrets: [{ name: "of-class" }] });
  await world.create("of-class", { ...small, className, image: registry.image, command: ["true"] });
  expect((await world.reaches("of-class", "Finished")).status).toMatchObject({ reason: "Completed" });
});
