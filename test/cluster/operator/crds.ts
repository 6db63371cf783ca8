import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import type { KubeObject, ResourceKind } from "../../../src/api/meta.ts";
import type { Kube } from "../../../src/kube/client.ts";
import { waitFor } from "../../support/wait-for.ts";

type Definition = KubeObject & { status?: { conditions?: { type: string; status: string }[] } };

const DEFINITION: ResourceKind<Definition> = {
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
};

const folder = join(import.meta.dirname, "../../../crds");

/** Applies the generated CRDs; resolves once they are served. */
export async function applyCrds(kube: Kube): Promise<void> {
  for (const file of await readdir(folder)) {
    const definition = parse(await readFile(join(folder, file), "utf8")) as Definition;
    const { name } = definition.metadata;
    await kube.apply(DEFINITION, definition, { fieldManager: "sandkeep-tests" });
    await waitFor(`${name} to be served`, async () => {
      const { status } = await kube.get(DEFINITION, { name });
      return status?.conditions?.some((condition) => condition.type === "Established" && condition.status === "True");
    });
  }
}
