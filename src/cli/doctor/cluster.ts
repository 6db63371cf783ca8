import { GROUP } from "../../api/constants.ts";
import { version } from "../version.ts";
import { failure, ok, warning, type Finding } from "./finding.ts";
import type { Kubectl } from "./kubectl.ts";

/** The first minor version of Kubernetes 1 that is supported. */
const oldestMinor = 32;
const kinds = ["sandboxes", "sandboxapps", "sandboxclasses", "sandboxsnapshots", "readinessprobes"];
const install = "Install Sandkeep: docs/install.md.";

/** Whether the cluster answers, and is new enough. */
export async function checkCluster(kubectl: Kubectl): Promise<Finding> {
  const check = "cluster";
  const { ended, stdout, problem } = await kubectl("version", "--output=json");
  if (ended === "missing")
    return warning(check, "There is no kubectl on the path", "Install it for the checks of the cluster.");
  if (ended === "failed")
    return failure(check, problem, "See to `kubectl version`: the kubeconfig, its context, the network.");
  const { serverVersion } = JSON.parse(stdout) as { serverVersion: { gitVersion: string; minor: string } };
  const says = `Kubernetes ${serverVersion.gitVersion}`;
  return Number.parseInt(serverVersion.minor, 10) >= oldestMinor
    ? ok(check, says)
    : failure(check, says, `Sandkeep needs Kubernetes 1.${oldestMinor} or later.`);
}

/** Whether the kinds of Sandkeep are there. */
export async function checkKinds(kubectl: Kubectl): Promise<Finding> {
  const check = "kinds";
  const { ended, stdout, problem } = await kubectl("api-resources", `--api-group=${GROUP}`, "--output=name");
  if (ended !== "ok") return warning(check, problem, "See to the check of the cluster first.");
  const missing = kinds.filter((kind) => !stdout.split("\n").includes(`${kind}.${GROUP}`));
  return missing.length === 0
    ? ok(check, `${kinds.length} kinds of ${GROUP}`)
    : failure(check, `Missing: ${missing.join(", ")}`, install);
}

/** Whether operator and gateway are ready, and of this program's version. */
export async function checkSystem(kubectl: Kubectl, namespace: string): Promise<Finding[]> {
  const selector = "--selector=app.kubernetes.io/name=sandkeep";
  const { ended, stdout, problem } = await kubectl(
    "--namespace",
    namespace,
    "get",
    "deployments",
    selector,
    "--output=json",
  );
  if (ended !== "ok")
    return [
      warning("system", problem, `Ask somebody who may read Deployments in ${namespace} whether they are ready.`),
    ];
  const { items } = JSON.parse(stdout) as { items: Deployment[] };
  return ["operator", "gateway"].map((component) => {
    const found = items.find(({ metadata }) => metadata.labels["app.kubernetes.io/component"] === component);
    return found === undefined
      ? failure(component, `There is none in namespace ${namespace}`, install)
      : stateOf(component, found, namespace);
  });
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
