import { SandkeepError } from "../../api/errors.ts";
import type { Kube } from "../../kube/client.ts";
import { SUBJECT_ACCESS_REVIEW } from "../../kube/objects.ts";
import { errorResourceOf } from "../error-resource.ts";
import type { User } from "./authenticate.ts";
import { Recent } from "../../lib/recent.ts";

/** What RBAC is asked: `{ verb: "create", group: "sandkeep.dev", resource: "sandboxes", subresource: "exec", … }`. */
export interface Access {
  verb: string;
  group: string;
  version: string;
  resource: string;
  subresource?: string;
  namespace: string;
  name?: string;
}

/** Throws `permission_denied`, with what to grant, unless the user may. An answer is up to 10 s old. */
export function authoriser(kube: Kube): (user: User, access: Access) => Promise<void> {
  const recent = new Recent<boolean>({ milliseconds: 10_000, max: 50_000 });
  const identities = new WeakMap<User, string>();
  const identityOf = (user: User): string => {
    const known = identities.get(user) ?? identity(user);
    identities.set(user, known);
    return known;
  };
  return async (user, access) => {
    const key = `${identityOf(user)} ${pathOf(access)}`;
    const allowed = await recent.get(key, () => review(kube, user, access));
    if (!allowed) throw denied(user, access);
  };
}

async function review(kube: Kube, user: User, access: Access): Promise<boolean> {
  const { username, uid, groups, extra } = user;
  const { status } = await kube.create(SUBJECT_ACCESS_REVIEW, {
    metadata: { name: "" },
    spec: {
      user: username,
      ...(uid && { uid }),
      ...(groups && { groups }),
      ...(extra && { extra }),
      resourceAttributes: access,
    },
  });
  return status?.allowed === true;
}

/** Everything of a user that an answer may depend on: two tokens of one name may differ in their groups. */
function identity({ username, uid, groups, extra }: User): string {
  return JSON.stringify([username, uid, groups, extra]);
}

// No name of Kubernetes has a slash in it.
function pathOf({ verb, group, resource, subresource = "", namespace, name = "" }: Access): string {
  return `${verb}/${group}/${resource}/${subresource}/${namespace}/${name}`;
}

function denied(user: User, { verb, group, resource, subresource, namespace, name }: Access): SandkeepError {
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  const which = name === undefined ? "" : ` "${name}"`;
  const rule = `{apiGroups: ["${group}"], resources: ["${what}"], verbs: ["${verb}"]}`;
  return new SandkeepError(
    "permission_denied",
    errorResourceOf(resource),
    `User "${user.username}" cannot ${verb} ${what}${which} in namespace "${namespace}". ` +
      `Grant it with a RoleBinding there to a Role with the rule ${rule}`,
    { details: { user: user.username, verb, group, resource: what, namespace } },
  );
}
