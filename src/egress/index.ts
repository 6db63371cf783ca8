import { getServers } from "node:dns";
import { once } from "node:events";
import type { Config } from "../config.ts";
import { kubeClient } from "../kube/api-client.ts";
import { connect } from "../kube/connection.ts";
import {
  ENDPOINT_SLICE,
  type EndpointSlice,
  NODE,
  type Node,
  SERVICE_CIDR,
  type ServiceCidr,
} from "../kube/objects.ts";
import { hasServiceRanges, rangesOfNode, rangesOfServices, rangesOfSlice } from "../kube/own-ranges.ts";
import { log as rootLog } from "../log.ts";
import { collectProcessMetrics } from "../metrics.ts";
import { serveMetrics } from "../metrics-server.ts";
import { readRegistries } from "../registry/settings.ts";
import { Reflector } from "../runtime/reflector.ts";
import { Decisions } from "./decisions/decisions.ts";
import { gatewayReview, serveDecisions } from "./decisions/server.ts";
import { upstreamsOf } from "./dns/forward.ts";
import { Resolver } from "./dns/resolver.ts";
import { serveDns } from "./dns/server.ts";
import { followResolving, followRules } from "./follow-rules.ts";
import { ownAddresses } from "./own-addresses.ts";
import { lookupAt } from "./proxy/addresses.ts";
import { LiveConnections } from "./proxy/live.ts";
import { Outside } from "./proxy/outside.ts";
import { proxyReader } from "./proxy/proxy-settings.ts";
import { serveProxy } from "./proxy/server.ts";
import { throughProxies } from "./proxy/through-proxy.ts";
import { Reach } from "./rule/reach.ts";
import { podReflector, SandboxClients, sandboxReflector } from "./sandboxes.ts";

/** Where the API servers listen. */
const behindKubernetes = { namespace: "default", labelSelector: "kubernetes.io/service-name=kubernetes" };

/**
 * Resolves names for sandboxes and passes on what they may reach by name, until the signal is aborted. Connections that are
 * open then go on for a while, so that a new version does not cut them at once.
 */
export async function runEgress(config: Config, signal: AbortSignal): Promise<void> {
  const log = rootLog.child({ component: "egress" });
  collectProcessMetrics();
  await using connection = connect(config.kubeconfig === undefined ? {} : { kubeconfig: config.kubeconfig });
  const kube = kubeClient(connection);
  const working = new AbortController();
  const { clusterCidrs } = readRegistries(process.env);

  const reach = new Reach();
  const pods = podReflector(kube, log);
  const sandboxes = sandboxReflector(kube, log);
  const nodes = new Reflector<Node>(kube, NODE, { log });
  const apiServers = new Reflector<EndpointSlice>(kube, ENDPOINT_SLICE, { ...behindKubernetes, log });
  const services = (await hasServiceRanges(kube, log, signal))
    ? [new Reflector<ServiceCidr>(kube, SERVICE_CIDR, { log })]
    : [];
  const clients = new SandboxClients(pods, sandboxes, reach);
  const live = new LiveConnections();
  followRules(pods, sandboxes, live);
  const learnRanges = (): void => {
    if (![nodes, apiServers, ...services].every(({ store }) => store.isReady)) return;
    const learnt = [...nodes.store.values()].flatMap(rangesOfNode);
    const ofServices = services.flatMap(({ store }) => [...store.values()].flatMap(rangesOfServices));
    const ofServers = [...apiServers.store.values()].flatMap(rangesOfSlice);
    reach.setClosed([...clusterCidrs, ...learnt, ...ofServices, ...ofServers]);
  };
  for (const ranges of [nodes, apiServers, ...services]) {
    ranges.subscribe(learnRanges);
    ranges.onList(learnRanges);
  }
  const stores = [pods, sandboxes, nodes, apiServers, ...services];
  const watching = stores.map((reflector) => reflector.run(working.signal));
  const ready = (): boolean => stores.every(({ store }) => store.isReady) && !clients.isStale && !signal.aborted;

  const { dnsPort, ports, decisionsPort, service, resolvers } = config.egress;
  if (service === undefined) throw new Error("Cannot start the egress part: set SANDKEEP_EGRESS_SERVICE");
  const servers = resolvers.length > 0 ? resolvers : getServers();
  const lookup = lookupAt(servers);
  const decisions = new Decisions(log);
  const throughProxy = throughProxies(proxyReader(kube), lookup);
  const outside = new Outside({ decisions, lookup, throughProxy });
  const proxy = await ownAddresses(kube, { namespace: config.namespace, name: service });
  const resolver = new Resolver({ clients, decisions, proxy, upstreams: upstreamsOf(servers) });

  await using _metrics = await serveMetrics(config.metricsPort, ready);
  await using _decisions = await serveDecisions(decisionsPort, decisions, gatewayReview(kube, config.namespace));
  await using _proxy = await serveProxy(ports, { clients, decisions, outside, live });
  await using dns = await serveDns(dnsPort, (...query) => resolver.answer(...query));
  followResolving(sandboxes, clients, dns);
  log.info({ ...proxy, ports, dnsPort: dns.port, resolvers: servers }, "serving");

  if (!signal.aborted) await once(signal, "abort");
  log.info({ reason: String(signal.reason) }, "shutting down");
  await live.drain(config.shutdownSeconds);
  working.abort(signal.reason);
  await Promise.all(watching);
  log.info("shut down");
}
