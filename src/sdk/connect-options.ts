/** Which cluster and gateway, as whom, and in which namespace. What is left out comes from the environment. */
export interface ConnectOptions {
  /** The gateway, such as `https://sandkeep.example.com`. */
  url?: string;
  /** A bearer token that the cluster accepts, or what gives one. */
  token?: string | (() => string | Promise<string>);
  /** Where sandboxes are; that of the context or of the Pod by default, else `default`. */
  namespace?: string;
  /** Certificates to trust in place of the system's, PEM. */
  ca?: string;
  /** Path of a kubeconfig. */
  kubeconfig?: string;
  /** The context of the kubeconfig. */
  context?: string;
  /** The service account to act as, with a token that is asked for with the kubeconfig: `name` or `namespace/name`. Default: the user of
   * the kubeconfig, and where that has a certificate only, the account `default`. */
  serviceAccount?: string;
  /** The gateway's Service, as it is installed. */
  gateway?: { namespace?: string; service?: string };
}
