import type {
  EventsV1Event,
  V1ConfigMap,
  V1EndpointSlice,
  V1Ingress,
  V1Lease,
  V1Namespace,
  V1NetworkPolicy,
  V1Node,
  V1PersistentVolumeClaim,
  V1Pod,
  V1ResourceQuota,
  V1Secret,
  V1SelfSubjectReview,
  V1Service,
  V1ServiceAccount,
  V1ServiceCIDR,
  V1SubjectAccessReview,
  V1TokenReview,
} from "@kubernetes/client-node";
import type { KubeObject, ResourceKind } from "../api/meta.ts";

/** A type of the client library as it is on the wire: times are strings, and a member may be called `from`. */
export type Json<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? Json<Item>[]
    : T extends object
      ? { [Key in keyof T as Key extends "_from" ? "from" : Key]: Json<T[Key]> }
      : T;

/** An object of a built-in kind; its metadata is always there. */
export type Builtin<T> = KubeObject & Json<Omit<T, keyof KubeObject>>;

export type Pod = Builtin<V1Pod>;
export type PodSpec = NonNullable<Pod["spec"]>;
export type PodStatus = NonNullable<Pod["status"]>;
export type Container = PodSpec["containers"][number];
export type Volume = NonNullable<PodSpec["volumes"]>[number];
export type ContainerStatus = NonNullable<PodStatus["containerStatuses"]>[number];
export type Secret = Builtin<V1Secret>;
export type ConfigMap = Builtin<V1ConfigMap>;
export type PersistentVolumeClaim = Builtin<V1PersistentVolumeClaim>;
export type Namespace = Builtin<V1Namespace>;
export type Node = Builtin<V1Node>;
export type Service = Builtin<V1Service>;
export type ServiceAccount = Builtin<V1ServiceAccount>;
export type ResourceQuota = Builtin<V1ResourceQuota>;
export type NetworkPolicy = Builtin<V1NetworkPolicy>;
export type Ingress = Builtin<V1Ingress>;
export type EndpointSlice = Builtin<V1EndpointSlice>;
export type ServiceCidr = Builtin<V1ServiceCIDR>;
export type Event = Builtin<EventsV1Event>;
export type Lease = Builtin<V1Lease>;
/** Create-only: the answer to `create` has the verdict in its status. `metadata.name` is empty. */
export type TokenReview = Builtin<V1TokenReview>;
/** Create-only, as `TokenReview`. */
export type SubjectAccessReview = Builtin<V1SubjectAccessReview>;
/** Create-only, as `TokenReview`: who the connection is to the server. */
export type SelfSubjectReview = Builtin<V1SelfSubjectReview>;

export const POD: ResourceKind<Pod> = core("Pod", "pods");
export const SECRET: ResourceKind<Secret> = core("Secret", "secrets");
export const CONFIG_MAP: ResourceKind<ConfigMap> = core("ConfigMap", "configmaps");
export const PERSISTENT_VOLUME_CLAIM: ResourceKind<PersistentVolumeClaim> = core(
  "PersistentVolumeClaim",
  "persistentvolumeclaims",
);
export const SERVICE: ResourceKind<Service> = core("Service", "services");
export const SERVICE_ACCOUNT: ResourceKind<ServiceAccount> = core("ServiceAccount", "serviceaccounts");
export const RESOURCE_QUOTA: ResourceKind<ResourceQuota> = core("ResourceQuota", "resourcequotas");
export const NAMESPACE: ResourceKind<Namespace> = { ...core("Namespace", "namespaces"), namespaced: false };
export const NODE: ResourceKind<Node> = { ...core("Node", "nodes"), namespaced: false };

export const NETWORK_POLICY: ResourceKind<NetworkPolicy> = {
  group: "networking.k8s.io",
  version: "v1",
  kind: "NetworkPolicy",
  plural: "networkpolicies",
  namespaced: true,
};

export const INGRESS: ResourceKind<Ingress> = {
  group: "networking.k8s.io",
  version: "v1",
  kind: "Ingress",
  plural: "ingresses",
  namespaced: true,
};

export const ENDPOINT_SLICE: ResourceKind<EndpointSlice> = {
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  namespaced: true,
};

/** The ranges of Services; since Kubernetes 1.33. */
export const SERVICE_CIDR: ResourceKind<ServiceCidr> = {
  group: "networking.k8s.io",
  version: "v1",
  kind: "ServiceCIDR",
  plural: "servicecidrs",
  namespaced: false,
};

export const EVENT: ResourceKind<Event> = {
  group: "events.k8s.io",
  version: "v1",
  kind: "Event",
  plural: "events",
  namespaced: true,
};

export const LEASE: ResourceKind<Lease> = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  namespaced: true,
};

export const TOKEN_REVIEW: ResourceKind<TokenReview> = {
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenReview",
  plural: "tokenreviews",
  namespaced: false,
};

export const SELF_SUBJECT_REVIEW: ResourceKind<SelfSubjectReview> = {
  group: "authentication.k8s.io",
  version: "v1",
  kind: "SelfSubjectReview",
  plural: "selfsubjectreviews",
  namespaced: false,
};

export const SUBJECT_ACCESS_REVIEW: ResourceKind<SubjectAccessReview> = {
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SubjectAccessReview",
  plural: "subjectaccessreviews",
  namespaced: false,
};

function core<T extends KubeObject>(kind: string, plural: string): ResourceKind<T> {
  return { group: "", version: "v1", kind, plural, namespaced: true };
}
