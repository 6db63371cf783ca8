import type { ErrorResource } from "../api/errors.ts";

/** The API server names a kind by its plural, and in what it says of an object that breaks rules by its name. */
const byKind: Partial<Record<string, ErrorResource>> = {
  namespaces: "namespace",
  sandboxapps: "app",
  SandboxApp: "app",
  secrets: "secret",
  Secret: "secret",
  persistentvolumeclaims: "volume",
  PersistentVolumeClaim: "volume",
};

/** What an error is about that concerns a kind of Kubernetes; a sandbox unless it is known to be something else. */
export function errorResourceOf(kind: string | undefined): ErrorResource {
  return byKind[kind ?? ""] ?? "sandbox";
}
