import dns from "node:dns";

/**
 * Loaded into a program before its own modules: it finds hosts below `tunnels.localhost` at the node whose address is in
 * `SANDKEEP_TEST_NODE`, as it would by a record in DNS.
 */
dns.lookup = new Proxy(dns.lookup, {
  apply(lookup, self, [hostname, ...rest]: [string, ...unknown[]]) {
    const node = process.env["SANDKEEP_TEST_NODE"];
    const found = node !== undefined && hostname.endsWith(".tunnels.localhost") ? node : hostname;
    return Reflect.apply(lookup, self, [found, ...rest]);
  },
});
