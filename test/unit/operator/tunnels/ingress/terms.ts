import { type ClassTunnels, classTunnelsSchema } from "../../../../../src/api/schema/class-tunnels.ts";

/** What a class says of tunnels in mode Ingress. */
export function ingressTerms(members: object = {}): ClassTunnels {
  return classTunnelsSchema.parse({ mode: "Ingress", domain: "class.example", ...members });
}
