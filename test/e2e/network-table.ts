import type { Network } from "../../src/api/schema/network.ts";
import { internet, metadataService } from "./internet.ts";

/** Something that a sandbox may try to reach. `dns` asks a resolver for the cluster's own name. */
export interface Target {
  by: "tcp" | "udp" | "dns" | "dns over tcp";
  address: string;
  port: number;
}

/** What is only known in the cluster. */
export interface Surroundings {
  node: string;
  apiServer: string;
  resolver: string;
  otherSandbox: string;
}

/** All targets by name. */
export function targetsIn({ node, apiServer, resolver, otherSandbox }: Surroundings) {
  return {
    "TCP to a public address": { by: "tcp", address: internet.here, port: 80 },
    "TLS's port of a public address": { by: "tcp", address: internet.here, port: 443 },
    "UDP to a public address": { by: "udp", address: internet.here, port: 443 },
    "DNS over TLS's port of a public address": { by: "tcp", address: internet.here, port: 853 },
    "another public address": { by: "tcp", address: internet.there, port: 80 },
    "UDP to another public address": { by: "udp", address: internet.there, port: 443 },
    "the metadata service": { by: "tcp", address: metadataService, port: 80 },
    "the metadata service by UDP": { by: "udp", address: metadataService, port: 80 },
    "metadata over IPv6": { by: "tcp", address: "fd00:ec2::254", port: 80 },
    "metadata as a mapped address": { by: "tcp", address: `::ffff:${metadataService}`, port: 80 },
    "the API server": { by: "tcp", address: apiServer, port: 443 },
    "the API server at its node": { by: "tcp", address: node, port: 6443 },
    "the kubelet": { by: "tcp", address: node, port: 10250 },
    "another sandbox": { by: "tcp", address: otherSandbox, port: 8080 },
    "the cluster's resolver": { by: "dns", address: resolver, port: 53 },
    "the cluster's resolver by TCP": { by: "dns over tcp", address: resolver, port: 53 },
  } satisfies Record<string, Target>;
}

export type TargetName = keyof ReturnType<typeof targetsIn>;

const dns = ["the cluster's resolver", "the cluster's resolver by TCP"] as const;
const here = [
  "TCP to a public address",
  "TLS's port of a public address",
  "UDP to a public address",
  "DNS over TLS's port of a public address",
] as const;
const there = ["another public address", "UDP to another public address"] as const;
const metadata = ["the metadata service", "the metadata service by UDP", "metadata as a mapped address"] as const;

/** What is reached under each rule; all else is not. In this order, one after the other in the same sandbox. */
export const rows: { rule: string; network: Network; reached: readonly TargetName[] }[] = [
  { rule: "nothing in particular", network: {}, reached: [...here, ...there, ...dns] },
  { rule: "one address", network: { outbound: { cidrs: [`${internet.here}/32`] } }, reached: [...here, ...dns] },
  {
    rule: "the other address",
    network: { outbound: { cidrs: [`${internet.there}/32`] } },
    reached: [...there, ...dns],
  },
  { rule: "no address", network: { outbound: { cidrs: [] } }, reached: [] },
  {
    rule: "everything, and what is closed by name",
    network: { outbound: { cidrs: ["0.0.0.0/0", "10.0.0.0/8", "169.254.169.254/32", "::/0", "fd00::/8"] } },
    reached: [...here, ...there, ...dns],
  },
  { rule: "no network", network: { block: true }, reached: [] },
];

/** The same with a class that opens the metadata service. */
export const openedRows: typeof rows = [
  { rule: "nothing in particular", network: {}, reached: [...here, ...there, ...metadata, ...dns] },
  { rule: "one address", network: { outbound: { cidrs: [`${internet.here}/32`] } }, reached: [...here, ...dns] },
  {
    rule: "what the class opens",
    network: { outbound: { cidrs: ["169.254.0.0/16"] } },
    reached: [...metadata, ...dns],
  },
];

/** Tries each target that its argument names once, all at the same time; prints which are reached. */
export const probe = `
import concurrent.futures, json, socket, struct, sys
question = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(p)]) + p for p in b"kubernetes.default.svc.cluster.local".split(b".")) + b"\\0" + struct.pack(">2H", 1, 1)
def answered(by, address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_DGRAM if by in ("udp", "dns") else socket.SOCK_STREAM
    with socket.socket(family, kind) as s:
        s.settimeout(1.5)
        s.connect((address, port))
        if by == "tcp": return True
        s.sendall(struct.pack(">H", len(question)) + question if by == "dns over tcp" else question)
        return len(s.recv(4096)) > 0
def reached(target):
    try: return answered(**target)
    except OSError: return False
targets = json.loads(sys.argv[1])
with concurrent.futures.ThreadPoolExecutor(len(targets)) as pool:
    print(json.dumps([name for name, is_reached in zip(targets, pool.map(reached, targets.values())) if is_reached]))
`;
