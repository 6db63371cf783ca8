import { GROUP } from "../../api/constants.ts";
import type { ApiServer } from "../../sdk/node/kubernetes/api-server.ts";
import { failure, messageOf, ok, warning, type Finding } from "./finding.ts";

/** What commands need, as `verb resource`. */
const rights = {
  "ls, get, wait": ["list sandboxes", "get sandboxes", "watch sandboxes"],
  "run, create": ["create sandboxes"],
  "kill, tags": ["patch sandboxes", "delete sandboxes"],
  "exec, shell": ["create sandboxes/exec"],
  cat: ["get sandboxes/files"],
  cp: ["get sandboxes/files", "update sandboxes/files"],
  logs: ["get sandboxes/logs"],
  forward: ["create sandboxes/tunnels"],
} as const;

/** Whether a user may do what each command needs; `as` is whom the server is asked as, other than the user of the kubeconfig. */
export async function checkRights(server: ApiServer, namespace: string, as: string | undefined): Promise<Finding> {
  const check = "permissions";
  const all = [...new Set(Object.values(rights).flat())];
  const answers = await Promise.all(
    all.map(async (right) => {
      const [verb = "", resource = ""] = right.split(" ");
      const [kind, subresource] = resource.split("/");
      const attributes = { namespace, verb, group: GROUP, resource: kind, ...(subresource && { subresource }) };
      return { right, ...(await mayDo(server, attributes)) };
    }),
  );
  const problem = answers.find((answer) => answer.problem !== undefined)?.problem;
  if (problem !== undefined) return warning(check, problem, "Ask an administrator what you may do.");
  const missing = answers.filter(({ may }) => !may).map(({ right }) => right);
  const lacking = Object.entries(rights).filter(([, needed]) => needed.some((right) => missing.includes(right)));
  const name = as ?? "you";
  if (lacking.length === 0) return ok(check, `${name} may use all commands`);
  const says = `${name} may not: ${missing.join(", ")}; so not ${lacking.map(([command]) => command).join(", ")}`;
  const mend = `kubectl create rolebinding sandboxes --clusterrole=sandkeep-edit ${subject(as)} -n ${namespace}`;
  return lacking.length === Object.keys(rights).length ? failure(check, says, mend) : warning(check, says, mend);
}

async function mayDo(server: ApiServer, resourceAttributes: object): Promise<{ may: boolean; problem?: string }> {
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes },
  };
  try {
    const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    const { status } = await server.json<{ status: { allowed: boolean } }>("POST", path, review);
    return { may: status.allowed };
  } catch (error) {
    return { may: false, problem: messageOf(error) };
  }
}

function subject(as: string | undefined): string {
  const [, account] = /^system:serviceaccount:(.+)$/.exec(as ?? "") ?? [];
  return account === undefined ? `--user=${as ?? "YOU"}` : `--serviceaccount=${account}`;
}

/** Whom a token is of, if it says so. Nothing here depends on whether that is true. */
export function subjectOf(token: string | undefined): string | undefined {
  try {
    const claims = JSON.parse(Buffer.from(token?.split(".")[1] ?? "", "base64url").toString()) as { sub?: unknown };
    return typeof claims.sub === "string" ? claims.sub : undefined;
  } catch {
    return undefined;
  }
}
