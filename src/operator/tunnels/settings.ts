/** Ports from one to another, both included. */
export interface PortRange {
  first: number;
  last: number;
}

/** What the administrator says of how sandboxes are reached. */
export interface TunnelSettings {
  /** The parent of hosts where neither class nor sandbox names one. */
  domain: string;
  /** At which clients reach the gateway's listener. */
  port: number;
  /** Ports at which the gateway listens for what is not encrypted; absent: none. */
  tcpPorts?: PortRange;
  /** Whether the operator may make Services and Ingresses, for mode Ingress of classes. */
  ingress?: boolean;
}
