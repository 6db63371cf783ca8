/** Which cluster and gateway, as whom, and in which namespace. What is left out comes from the environment. */
export interface ConnectOptions {
  /** The gateway, such as `https://sandkeep.example.com`. */
  url?: string;
  /** A bearer token that the cluster accepts, or what gives one. */
  token?: string | (() => string | Promise<string>);
  /** Where sandboxes are; that of the context or of the Pod by default, else `default`. */
  namespace?: string;
  /** Certificates to trust besides the system's, PEM. */
  ca?: string;
  /** Path of a kubeconfig. */
  kubeconfig?: string;
  /** The context of the kubeconfig. */
  context?: string;
  /** The service account to act as where the kubeconfig has a certificate only: its name, or namespace and name with a slash between. */
  serviceAccount?: string;
  /** The gateway's Service, as it is installed. */
  gateway?: { namespace?: string; service?: string };
}
