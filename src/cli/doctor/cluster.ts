import { API_VERSION, GROUP } from "../../api/constants.ts";
import { version } from "../version.ts";
import type { ApiServer } from "../../sdk/node/kubernetes/api-server.ts";
import { SandkeepError } from "../../sdk/errors.ts";
import { failure, messageOf, ok, warning, type Finding } from "./finding.ts";

/** The first minor version of Kubernetes 1 that is supported. */
const oldestMinor = 32;
const kinds = ["sandboxes", "sandboxapps", "sandboxclasses", "sandboxsnapshots", "readinessprobes"];
const install = "Install Sandkeep: docs/install.md.";

/** Whether the cluster answers, and is new enough. */
export async function checkCluster(server: ApiServer): Promise<Finding> {
  const check = "cluster";
  try {
    const { gitVersion, minor } = await server.json<{ gitVersion: string; minor: string }>("GET", "/version");
    const says = `Kubernetes ${gitVersion}`;
    return Number.parseInt(minor, 10) >= oldestMinor
      ? ok(check, says)
      : failure(check, says, `Sandkeep needs Kubernetes 1.${oldestMinor} or later.`);
  } catch (error) {
    return failure(check, messageOf(error), "See to the kubeconfig, its context and the network.");
  }
}

/** Whether the kinds of Sandkeep are there. */
export async function checkKinds(server: ApiServer): Promise<Finding> {
  const check = "kinds";
  try {
    const { resources } = await server.json<{ resources: { name: string }[] }>("GET", `/apis/${API_VERSION}`);
    const missing = kinds.filter((kind) => !resources.some(({ name }) => name === kind));
    return missing.length === 0
      ? ok(check, `${kinds.length} kinds of ${GROUP}`)
      : failure(check, `Missing: ${missing.join(", ")}`, install);
  } catch (error) {
    return error instanceof SandkeepError && error.code === "not_found"
      ? failure(check, `There are none of ${API_VERSION}`, install)
      : warning(check, messageOf(error), "See to the check of the cluster first.");
  }
}

/** Whether operator and gateway are ready, and of this program's version. */
export async function checkSystem(server: ApiServer, namespace: string): Promise<Finding[]> {
  const selector = encodeURIComponent("app.kubernetes.io/name=sandkeep");
  const path = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/deployments?labelSelector=${selector}`;
  try {
    const { items } = await server.json<{ items: Deployment[] }>("GET", path);
    return ["operator", "gateway"].map((component) => {
      const found = items.find(({ metadata }) => metadata.labels["app.kubernetes.io/component"] === component);
      return found === undefined
        ? failure(component, `There is none in namespace ${namespace}`, install)
        : stateOf(component, found, namespace);
    });
  } catch (error) {
    const mend = `Ask somebody who may read Deployments in ${namespace} whether they are ready.`;
    return [warning("system", messageOf(error), mend)];
  }
}

interface Deployment {
  metadata: { name: string; labels: Record<string, string> };
  spec: { replicas?: number };
  status: { readyReplicas?: number };
}

function stateOf(component: string, { metadata, spec, status }: Deployment, namespace: string): Finding {
  const [ready, wanted] = [status.readyReplicas ?? 0, spec.replicas ?? 1];
  const theirs = metadata.labels["app.kubernetes.io/version"] ?? "unknown";
  const says = `${ready} of ${wanted} ready, version ${theirs}`;
  const look = `kubectl -n ${namespace} describe pods -l app.kubernetes.io/component=${component}`;
  if (ready === 0) return failure(component, says, `Find out why: ${look}`);
  if (ready < wanted) return warning(component, says, `Find out why: ${look}`);
  if (theirs !== version())
    return warning(component, `${says}; this program is ${version()}`, "Bring both to the same version.");
  return ok(component, says);
}
