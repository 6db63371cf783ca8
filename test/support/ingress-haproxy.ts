import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Certificate } from "../../src/gateway/server/certificate.ts";
import type { Kube } from "../../src/kube/client.ts";
import { ENDPOINT_SLICE, type EndpointSlice, INGRESS, type Ingress, SECRET } from "../../src/kube/objects.ts";
import { sleep } from "../../src/lib/sleep.ts";
import { keyOfObject } from "../../src/runtime/key.ts";
import { Reflector } from "../../src/runtime/reflector.ts";
import { type Backend, haProxyConfiguration } from "./ingress-haproxy-configuration.ts";
import { silentLog } from "./silent-log.ts";

const run = promisify(execFile);

export interface IngressHaProxyOptions {
  kube: Kube;
  ingressClassName: string;
  listening: { host: string; port: number };
  /** For hosts whose Ingress names no Secret. */
  certificate: Certificate;
}

/**
 * A stand-in for an Ingress controller, of which the local cluster has none: Debian's HAProxy on this machine, fed from the
 * Ingresses of one class until disposed. It knows hosts with the path `/`, TLS with a Secret or without, and two annotations
 * by the names that HAProxy Technologies' controller has for them: `haproxy.org/allow-list` and `haproxy.org/server-proto`.
 * An Ingress gets its address once HAProxy serves it.
 */
export async function ingressHaProxy(options: IngressHaProxyOptions): Promise<AsyncDisposable> {
  const { kube, ingressClassName, listening, certificate } = options;
  const folder = await mkdtemp(join(tmpdir(), "ingress-haproxy-"));
  await mkdir(join(folder, "certificates"));
  const stopping = new AbortController();
  const { signal } = stopping;
  const ingresses = new Reflector(kube, INGRESS, { log: silentLog });
  const slices = new Reflector(kube, ENDPOINT_SLICE, { log: silentLog });
  const started: string[] = [];
  let isDue = true;
  for (const reflector of [ingresses, slices]) reflector.subscribe(() => void (isDue = true));
  const running = [ingresses.run(signal), slices.run(signal), serve()];
  await ingresses.store.ready;
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await Promise.allSettled(running);
      for (const pid of started) await end(pid);
      await rm(folder, { recursive: true });
    },
  };

  /** Those before the last may have ended, and others have got their number. */
  async function end(pid: string): Promise<void> {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (commandLine.includes(folder)) process.kill(Number(pid));
  }

  async function serve(): Promise<void> {
    await Promise.all([ingresses.store.ready, slices.store.ready]);
    let served = "";
    while (!signal.aborted) {
      if (isDue) {
        isDue = false;
        const own = [...ingresses.store.values()].filter(({ spec }) => spec?.ingressClassName === ingressClassName);
        const files = await certificatesOf(own);
        const configuration = haProxyConfiguration(listening, join(folder, "certificates"), own.flatMap(backendsOf));
        if (served !== configuration + files) {
          served = configuration + files;
          await restart(configuration);
        }
        for (const ingress of own) await publish(ingress);
      }
      await sleep(20, signal).catch(() => {});
    }
  }

  function backendsOf(ingress: Ingress): Backend[] {
    const annotations = ingress.metadata.annotations ?? {};
    const ranges = annotations["haproxy.org/allow-list"];
    return (ingress.spec?.rules ?? []).flatMap(({ host = "", http }) =>
      (http?.paths ?? []).map(({ backend }) => ({
        host,
        servers: addressesOf(ingress, backend.service?.name ?? "", backend.service?.port?.number ?? 0),
        speaksHttp2: annotations["haproxy.org/server-proto"] === "h2",
        ...(ranges !== undefined && { admitted: ranges.split(",") }),
      })),
    );
  }

  function addressesOf({ metadata }: Ingress, service: string, port: number): string[] {
    const isBehind = (slice: EndpointSlice): boolean =>
      slice.metadata.namespace === metadata.namespace &&
      slice.metadata.labels?.["kubernetes.io/service-name"] === service;
    return [...slices.store.values()]
      .filter(isBehind)
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready !== false)
      .flatMap(({ addresses }) => addresses.map((address) => `${address}:${port}`));
  }

  /** Writes them where HAProxy looks, the one for all other hosts first; answers with what tells them from others. */
  async function certificatesOf(own: Ingress[]): Promise<string> {
    const pairs = new Map([["0-default", `${certificate.cert}\n${certificate.key}`]]);
    for (const { metadata, spec } of own)
      for (const { secretName: name } of spec?.tls ?? []) {
        const { namespace = "" } = metadata;
        if (name === undefined) continue;
        const { data = {} } = await kube.get(SECRET, { namespace, name }, { signal });
        const [cert = "", key = ""] = [data["tls.crt"], data["tls.key"]].map((text = "") => atob(text));
        pairs.set(`${namespace}-${name}`, `${cert}\n${key}`);
      }
    for (const [name, pair] of pairs)
      await writeFile(join(folder, "certificates", `${name}.pem`), pair, { mode: 0o600 });
    return [...pairs.values()].join();
  }

  /** Returns when the new one listens; those before end with their last connection. */
  async function restart(configuration: string): Promise<void> {
    const [file, pids] = [join(folder, "haproxy.cfg"), join(folder, "pid")];
    await writeFile(file, configuration);
    const last = started.at(-1);
    await run("haproxy", ["-D", "-f", file, "-p", pids, ...(last === undefined ? [] : ["-sf", last])]);
    started.push((await readFile(pids, "utf8")).trim());
  }

  async function publish(ingress: Ingress): Promise<void> {
    if ((ingress.status?.loadBalancer?.ingress ?? []).length > 0) return;
    const { namespace = "", name } = ingress.metadata;
    const status = { loadBalancer: { ingress: [{ ip: listening.host }] } };
    const current = ingresses.store.get(keyOfObject(ingress));
    if (current === undefined) return;
    await kube.mergePatch(INGRESS, { namespace, name }, { status }, { subresource: "status", signal }).catch(() => {});
  }
}
