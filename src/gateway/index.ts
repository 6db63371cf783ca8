import { createServer } from "node:https";
import { X509Certificate } from "node:crypto";
import { Bulk } from "../agent-link/bulk/bulk.ts";
import { openAgent, openLink } from "../agent-link/open.ts";
import { LinkPool } from "../agent-link/pool.ts";
import { ATTACH_PROTOCOL, PORT_PROTOCOL } from "../api/constants.ts";
import { claimantOf, NAME_CLAIMS } from "../api/name-claim.ts";
import { SANDBOX_APP, type SandboxApp } from "../api/sandbox-app.ts";
import { SANDBOX_CLASS, type SandboxClass } from "../api/sandbox-class.ts";
import { SANDBOX, type Sandbox } from "../api/sandbox.ts";
import type { Config } from "../config.ts";
import { kubeClient } from "../kube/api-client.ts";
import { connect } from "../kube/connection.ts";
import { LEASE, type Lease } from "../kube/objects.ts";
import { podLog } from "../kube/pod-log.ts";
import { serveUpgrades } from "../lib/upgrades.ts";
import { log as rootLog } from "../log.ts";
import { collectProcessMetrics } from "../metrics.ts";
import { serveMetrics } from "../metrics-server.ts";
import { imageResolver } from "../registry/resolve.ts";
import { EventRecorder } from "../runtime/events.ts";
import { Reflector } from "../runtime/reflector.ts";
import { appHandlers } from "./apps/handlers.ts";
import { auditTo } from "./audit.ts";
import { authenticator } from "./auth/authenticate.ts";
import { authoriser } from "./auth/authorise.ts";
import { evictEnded } from "./evict.ts";
import { imageHandlers } from "./images/handlers.ts";
import { logHandlers } from "./logs/handlers.ts";
import { logReader } from "./logs/read.ts";
import { decisionsAsker } from "./network/egress-client.ts";
import { networkHandlers } from "./network/handlers.ts";
import { orLeftIn } from "./processes/entrypoint.ts";
import { processHandlers } from "./processes/handlers.ts";
import { startTeller } from "./processes/tell.ts";
import { secretReader } from "./processes/secrets.ts";
import { attachHandler } from "./processes/attach.ts";
import { portHandler } from "./ports/connect.ts";
import { bulkProxy } from "./agent/bulk.ts";
import { agentProxy } from "./agent/proxy.ts";
import { agentSender } from "./agent/send.ts";
import { fileHandlers } from "./files/handlers.ts";
import { ConnectServer } from "./connect/server.ts";
import { connectTokenHandlers } from "./connect-tokens/handlers.ts";
import { KeyRing } from "./connect-tokens/key-ring.ts";
import { connectUrls } from "./connect-tokens/url.ts";
import { classCheck } from "./sandboxes/class-check.ts";
import { readRegistries } from "../registry/settings.ts";
import { SandboxDirectory } from "./sandboxes/directory.ts";
import { hastener } from "./sandboxes/hasten.ts";
import { sandboxHandlers } from "./sandboxes/handlers.ts";
import { lifeCheck } from "./sandboxes/life-check.ts";
import { sandboxMaker } from "./sandboxes/make.ts";
import { networkCheck } from "./sandboxes/network-check.ts";
import { SandboxNames } from "./sandboxes/names.ts";
import { UseTeller } from "./sandboxes/use.ts";
import { secretHandlers } from "./secrets/handlers.ts";
import { createApp } from "./server/app.ts";
import { followCertificate, readCertificate, selfMade } from "./server/certificate.ts";
import { listen } from "./server/listen.ts";
import { allowOrigins } from "./server/origins.ts";
import { addressesIn, podReflector } from "./tunnels/addresses.ts";
import { inRanges } from "./tunnels/admit.ts";
import { tunnelHandlers } from "./tunnels/handlers.ts";
import { LiveConnections } from "./tunnels/live.ts";
import { hostsOf } from "./tunnels/route.ts";
import { startTunnels } from "./tunnels/start.ts";
import { volumeHandlers } from "./volumes/handlers.ts";
import { mountedVolumeHandlers } from "./volumes/mounted.ts";
import { watchHandlers } from "./watch/handlers.ts";
import { SandboxHistory } from "./watch/history.ts";
import { wantsWebSocket } from "./websocket/upgrade.ts";
import { WebSockets } from "./websocket/web-sockets.ts";

/** Serves the HTTP API until the signal is aborted, then ends in order: requests first, then links and watches. */
export async function runGateway(config: Config, signal: AbortSignal): Promise<void> {
  const log = rootLog.child({ component: "gateway" });
  collectProcessMetrics();
  await using connection = connect(config.kubeconfig === undefined ? {} : { kubeconfig: config.kubeconfig });
  const kube = kubeClient(connection);
  const working = new AbortController();

  const sandboxes = new Reflector<Sandbox, "namespace" | "host">(kube, SANDBOX, {
    indexes: { namespace: ({ metadata }) => [metadata.namespace ?? ""], host: hostsOf },
    log,
  });
  const classes = new Reflector<SandboxClass>(kube, SANDBOX_CLASS, { log });
  const apps = new Reflector<SandboxApp>(kube, SANDBOX_APP, { log });
  const history = new SandboxHistory(sandboxes);
  const directory = new SandboxDirectory(sandboxes, kube);
  const claims = new Reflector<Lease, "claimant">(kube, LEASE, {
    name: "nameclaims",
    labelSelector: NAME_CLAIMS,
    indexes: { claimant: (claim) => [claimantOf(claim)?.uid ?? ""] },
    log,
  });
  const sandboxNames = new SandboxNames(claims, directory, kube);
  await using pool = new LinkPool({
    open: (target, signal) => openLink(connection, target, signal),
    idleMilliseconds: config.gateway.linkIdleSeconds * 1000,
  });
  sandboxes.subscribe(evictEnded(pool));
  const live = new LiveConnections();
  sandboxes.subscribe(live.review);
  const pods = podReflector(kube, log);
  const send = agentSender(directory, pool);
  const current = ({ metadata: { namespace = "", name, uid } }: Sandbox): Sandbox | undefined => {
    const sandbox = directory.known({ namespace, name });
    return sandbox?.metadata.uid === uid ? sandbox : undefined;
  };
  const use = new UseTeller(send, current, { log, signal: working.signal });
  const beginUse = (sandbox: Sandbox) => use.begin(sandbox);
  const keys = new KeyRing(kube, config.namespace);
  const connectServer = new ConnectServer({
    keyOf: (id) => keys.find(id),
    current,
    addressOf: addressesIn(pods),
    beginUse,
    isTrustedHop: inRanges(config.tunnels.trustedHops),
    log,
  });
  sandboxes.subscribe(connectServer.onChange);
  const stores = [sandboxes, claims, classes, apps, pods];
  const watching = stores.map((reflector) => reflector.run(working.signal));

  const guard = { authenticate: authenticator(kube), authorise: authoriser(kube) };
  const ready = () => stores.every(({ store }) => store.isReady) && !signal.aborted;
  const checkClass = classCheck({ classes, apps }, kube);
  const agent = agentProxy(send);
  const readLog = logReader((options) => podLog(connection, options));
  const bulk = new Bulk({
    open: (target, args, signal) => openAgent(connection, target, args, { signal, large: true }),
  });
  await using resolver = imageResolver(readRegistries(process.env));
  const recorder = new EventRecorder({ kube, controller: "sandkeep.dev/gateway", log });
  const audit = auditTo(log, config.gateway.auditArguments);
  const attachments = new WebSockets(ATTACH_PROTOCOL);
  const ports = new WebSockets(PORT_PROTOCOL);
  const api = createApp({
    handlers: {
      ...sandboxHandlers(directory, kube, {
        make: sandboxMaker(directory, kube, { names: sandboxNames, authorise: guard.authorise, audit, checkClass }),
        names: sandboxNames,
        hasten: hastener(pool),
        checkLife: lifeCheck(pods.store, kube, checkClass),
        checkNetwork: networkCheck(checkClass, guard.authorise),
      }),
      ...watchHandlers(history, sandboxes.store.ready, signal),
      ...secretHandlers(kube, audit),
      ...imageHandlers(kube, resolver, { authorise: guard.authorise, audit }),
      ...volumeHandlers(kube, { authorise: guard.authorise, audit }),
      ...appHandlers(kube, directory, guard.authorise),
      ...processHandlers(agent, {
        audit,
        readSecrets: secretReader(kube, guard.authorise),
        readLog,
        orLeft: orLeftIn(directory),
        tellStart: startTeller(directory, recorder),
      }),
      ...logHandlers(directory, readLog),
      ...fileHandlers(agent, bulkProxy(directory, agent, bulk), audit),
      ...networkHandlers(directory, config.gateway.egress && decisionsAsker(config.gateway.egress)),
      readUsage: (call) => agent.forward(call, "/usage"),
      ...mountedVolumeHandlers(agent),
      ...tunnelHandlers(directory),
      attachProcess: attachHandler(agent, audit, attachments),
      connectPort: portHandler(agent, audit, ports),
      ...connectTokenHandlers(directory, kube, {
        keys,
        urlOf: connectUrls(config.tunnels, { classes, apps }),
        audit,
      }),
    },
    guard,
    ready,
    log,
  });

  const { allowedOrigins, certificate: files, names } = config.gateway;
  const app = allowOrigins(allowedOrigins, api);
  const certificate = files ? await readCertificate(files) : await selfMade(names, new Date());
  // Bodies may be streams without end: what a request may take is bounded per route, not here.
  const server = createServer(
    {
      ...certificate,
      requestTimeout: 0,
      handshakeTimeout: 10_000,
      headersTimeout: 30_000,
      keepAliveTimeout: 75_000,
      shouldUpgradeCallback: wantsWebSocket,
    },
    app,
  );
  serveUpgrades(server, app);
  const following = files
    ? followCertificate(
        files,
        certificate,
        {
          use(read) {
            server.setSecureContext(read);
            log.info({ fingerprint: fingerprint(read.cert) }, "certificate replaced");
          },
          refuse: (error) => log.warn({ error }, "certificate not replaced"),
        },
        working.signal,
      )
    : undefined;

  await using plain = await serveMetrics(config.metricsPort, ready);
  const listening = await listen(server, config.gateway.port, config.gateway.host);
  log.info(
    {
      port: listening.port,
      metricsPort: plain.port,
      selfMade: files === undefined,
      fingerprint: fingerprint(certificate.cert),
    },
    "serving",
  );

  const tunnels = await startTunnels(
    config.tunnels,
    { sandboxes, classes, apps, pods, live, connect: connectServer, beginUse, log },
    working.signal,
  );

  await aborted(signal);
  log.info({ reason: String(signal.reason) }, "shutting down");
  // Who is attached goes on with another replica and loses nothing. What goes over a port may end before.
  attachments.restart();
  connectServer.drain();
  const tunnelsEnded = tunnels.drain(config.shutdownSeconds);
  const cut = await listening.drain(config.shutdownSeconds, () => ports.restart());
  await tunnelsEnded;
  connectServer.close();
  working.abort(signal.reason);
  await Promise.all([...watching, following, tunnels.following]);
  log.info({ cut }, "shut down");
}

function fingerprint(pem: string): string {
  return new X509Certificate(pem).fingerprint256;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
