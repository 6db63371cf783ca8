import type { SandboxClassSpec } from "../../api/sandbox-class.ts";
import type { SandboxSpec } from "../../api/sandbox.ts";

/** A field that asks for something this version does not do. */
export interface UnsupportedField {
  path: string;
  value: unknown;
  /** What to do instead, where there is something. */
  instead?: string;
}

/** The first field of a sandbox, or of its class, that would be silently ignored if the sandbox ran. */
export function unsupportedField(spec: SandboxSpec, sandboxClass: SandboxClassSpec): UnsupportedField | undefined {
  return [...sandboxFields(spec), ...classFields(sandboxClass)].find(({ value }) => asksForSomething(value));
}

/** The first field that a sandbox which runs has been given since, and that is without effect. */
export function unsupportedChange(spec: SandboxSpec): UnsupportedField | undefined {
  return sandboxFields(spec).find(({ value }) => asksForSomething(value));
}

/** The refusal as users read it: `spec.gpu ["H100"] is not supported by this version. …`. */
export function describeUnsupported({ path, value, instead }: UnsupportedField): string {
  const shown = JSON.stringify(value);
  const cut = shown.length > 200 ? `${shown.slice(0, 199)}…` : shown;
  return `${path} ${cut} is not supported by this version of Sandkeep. ${instead ?? "Leave it out."}`;
}

function sandboxFields(spec: SandboxSpec): UnsupportedField[] {
  const { network = {} } = spec;
  return [
    { path: "spec.snapshotName", value: spec.snapshotName },
    { path: "spec.imageName", value: spec.imageName },
    { path: "spec.network.outbound.domains", value: network.outbound?.domains },
    { path: "spec.network.proxyName", value: network.proxyName },
    { path: "spec.volumes", value: spec.volumes?.filter(({ snapshotName }) => snapshotName !== undefined) },
    { path: "spec.experimental", value: spec.experimental },
  ];
}

function classFields(spec: SandboxClassSpec): UnsupportedField[] {
  const instead = "Ask an administrator to take it out of the class.";
  return [{ path: "SandboxClass spec.network.domains", value: spec.network?.domains, instead }];
}

function asksForSomething(value: unknown): boolean {
  if (value === undefined || value === false) return false;
  return typeof value !== "object" || value === null || Object.keys(value).length > 0;
}
