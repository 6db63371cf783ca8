/** Where HAProxy leads one host. */
export interface Backend {
  host: string;
  /** As `address:port`. */
  servers: string[];
  speaksHttp2: boolean;
  /** Ranges of clients; absent: all. */
  admitted?: string[];
}

/** A configuration of HAProxy that ends TLS for hosts and answers all others with 404, and clients that are not admitted with 403. */
export function haProxyConfiguration(
  { host, port }: { host: string; port: number },
  certificates: string,
  backends: Backend[],
): string {
  const rules = backends.flatMap(({ host, admitted }, index) => [
    `  acl host${index} req.hdr(host),field(1,:) -m str -i ${host}`,
    ...(admitted === undefined
      ? []
      : [`  http-request deny deny_status 403 if host${index} !{ src ${admitted.join(" ")} }`]),
    `  use_backend backend${index} if host${index}`,
  ]);
  const sections = backends.map(
    ({ servers, speaksHttp2 }, index) => `
backend backend${index}
${servers.map((server, i) => `  server s${i} ${server} pool-max-conn 0${speaksHttp2 ? " proto h2" : ""}`).join("\n")}
`,
  );
  return `
global
  hard-stop-after 60s
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  timeout tunnel 300s
frontend https
  bind ${host}:${port} ssl crt ${certificates} alpn h2,http/1.1
${rules.join("\n")}
  default_backend unknown
backend unknown
  http-request return status 404
${sections.join("")}`;
}
