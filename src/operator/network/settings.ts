/** What the administrator says about the cluster's own network. */
export interface NetworkSettings {
  /** Pod, Service and node ranges that are not private by themselves; sandboxes never reach them. */
  clusterCidrs: readonly string[];
  /** Addresses of resolvers that are not Pods, such as NodeLocal DNSCache. */
  dnsCidrs: readonly string[];
  /** Where this release is installed. */
  namespace: string;
}
