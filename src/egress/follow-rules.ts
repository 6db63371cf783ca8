import type { Clients } from "./client.ts";
import type { DnsServer } from "./dns/server.ts";
import type { LiveConnections } from "./proxy/live.ts";
import { accessOf } from "./rule/access.ts";
import type { PodSource, SandboxSource } from "./sandboxes.ts";

/** Cuts connections to the proxy as soon as their sandbox may not have them any more: its rule has changed, or it has ended. */
export function followRules(
  pods: Pick<PodSource, "subscribe">,
  sandboxes: Pick<SandboxSource, "subscribe">,
  live: Pick<LiveConnections, "review">,
): void {
  sandboxes.subscribe(({ object, previous }) => {
    const { uid } = previous?.metadata ?? {};
    if (uid !== undefined && uid !== object?.metadata.uid) live.review(uid);
    if (object?.metadata.uid !== undefined) live.review(object.metadata.uid, accessOf(object.spec.network));
  });
  pods.subscribe(({ object, previous }) => {
    // Its address may be somebody else's next.
    if (previous?.status === undefined || object?.status !== undefined) return;
    for (const { uid } of previous.metadata.ownerReferences ?? []) live.review(uid);
  });
}

/** Cuts connections to the resolver as soon as their sandbox has no business with names any more. */
export function followResolving(
  sandboxes: Pick<SandboxSource, "subscribe">,
  clients: Pick<Clients, "now">,
  dns: Pick<DnsServer, "cut">,
): void {
  sandboxes.subscribe(({ object }) => {
    const { uid } = object?.metadata ?? {};
    if (uid === undefined || accessOf(object?.spec.network).kind !== "none") return;
    dns.cut((source) => clients.now(source, uid)?.access.kind === "none");
  });
}
