import { GROUP } from "../../api/constants.ts";
import { failure, ok, warning, type Finding } from "./finding.ts";
import type { Kubectl } from "./kubectl.ts";

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

/** Whether a user may do what each command needs; `as` is whom to ask for, other than the user of the kubeconfig. */
export async function checkRights(
  kubectl: Kubectl,
  namespace: string | undefined,
  as: string | undefined,
): Promise<Finding> {
  const check = "permissions";
  const who = [
    ...(as === undefined ? [] : [`--as=${as}`]),
    ...(namespace === undefined ? [] : [`--namespace=${namespace}`]),
  ];
  const all = [...new Set(Object.values(rights).flat())];
  const answers = await Promise.all(
    all.map(async (right) => {
      const [verb = "", resource = ""] = right.split(" ");
      const [kind, sub] = resource.split("/");
      const what = [`${kind}.${GROUP}`, ...(sub === undefined ? [] : [`--subresource=${sub}`])];
      const { stdout, problem } = await kubectl("auth", "can-i", ...who, verb, ...what);
      return { right, may: stdout.trim() === "yes", known: /^(yes|no)/.test(stdout), problem };
    }),
  );
  const unknown = answers.find(({ known }) => !known);
  if (unknown !== undefined) return warning(check, unknown.problem, "Ask an administrator what you may do.");
  const missing = answers.filter(({ may }) => !may).map(({ right }) => right);
  const lacking = Object.entries(rights).filter(([, needed]) => needed.some((right) => missing.includes(right)));
  const name = as ?? "you";
  if (lacking.length === 0) return ok(check, `${name} may use all commands`);
  const says = `${name} may not: ${missing.join(", ")}; so not ${lacking.map(([command]) => command).join(", ")}`;
  const mend = `kubectl create rolebinding sandboxes --clusterrole=sandkeep-edit ${subject(as)}${namespace === undefined ? "" : ` -n ${namespace}`}`;
  return lacking.length === Object.keys(rights).length ? failure(check, says, mend) : warning(check, says, mend);
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
