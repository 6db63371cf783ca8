import { expect, inject, test } from "vitest";
import { cutShort, releaseStatus } from "../support/cut-short.ts";
import { installInto, kubectl, tool } from "../support/installed.ts";
import { waitFor } from "../support/wait-for.ts";
import { newTenant, small } from "./tenant.ts";

const installed = inject("installed");

test("an upgrade that was killed half-way is taken up by the next", async () => {
  // Nothing has that image, so helm waits for its Pods until it is killed.
  await cutShort(installed, "pending-upgrade", ["--set-string", "image.tag=nonesuch"]);
  await installInto(installed.cluster);
  expect(await releaseStatus(installed)).toBe("deployed");
  const images = ["get", "deployments", "-n", "sandkeep-system", "-o", "jsonpath={..image}"];
  expect(await kubectl(installed, images)).not.toContain("nonesuch");
});

test("uninstalling leaves no Pod that cannot go, keeps the records, and installing again goes on with them, even at a second try", async () => {
  await using tenant = await newTenant();
  const running = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable" } }, "started");
  const done = await tenant.gateway.create(
    { spec: { ...small, image: "busybox:stable", command: ["true"] } },
    "finished",
  );

  const uninstall = ["uninstall", "sandkeep", "--namespace", "sandkeep-system", "--wait", "--timeout", "2m"];
  const { code, stderr } = await tool(installed, "helm", uninstall);
  expect(stderr).toBe("");
  expect(code).toBe(0);

  const pods = JSON.parse(await tenant.kubectl(["get", "pods", "-o", "json"])) as {
    items: { metadata: { finalizers?: string[] } }[];
  };
  expect(pods.items.flatMap(({ metadata }) => metadata.finalizers ?? [])).toEqual([]);
  await tenant.kubectl(["delete", "pod", running.id, "--timeout=300s"]);
  expect(await tenant.kubectl(["get", "sandboxes", "-o", "name"])).toContain(`sandbox.sandkeep.dev/${done.id}`);
  const left = await kubectl(installed, ["get", "clusterroles,validatingadmissionpolicies", "-o", "name"]);
  expect(left).not.toContain("sandkeep");

  await kubectl(installed, ["annotate", "namespace", "sandkeep-system", "sandkeep.dev/installed-"]);
  await cutShort(installed, "pending-install");
  await installInto(installed.cluster);
  const ended = await waitFor("the new operator tells how the Pod ended", async () => {
    const { status } = await tenant.gateway.get(running.id);
    return status.phase === "Finished" ? status : undefined;
  });
  expect(ended).toMatchObject({ reason: "PodDeleted" });
});
