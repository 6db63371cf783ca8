import { kubectl, type Installed } from "../support/installed.ts";

/** Addresses that stand for the internet: public by their range, and in this cluster alone. */
export const internet = { here: "11.0.0.1", there: "11.0.0.2" } as const;

/** The clouds' metadata service. */
export const metadataService = "169.254.169.254";

/** Ports of each that answer, over TCP and UDP. */
const ports = [80, 443, 853];

/** Gives the node those addresses and echoes what comes to them. */
const server = `
import fcntl, signal, socket, struct, threading
signal.signal(signal.SIGTERM, lambda *_: exit(0))
def alias(index, address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        name = b"lo:net%d" % index
        fcntl.ioctl(s, 0x8916, struct.pack("16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(address)))
        fcntl.ioctl(s, 0x891C, struct.pack("16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton("255.255.255.255")))
def streams(address, port):
    with socket.create_server((address, port)) as listener:
        while True: listener.accept()[0].close()
def datagrams(address, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((address, port))
        while True: s.sendto(*s.recvfrom(65536))
for index, address in enumerate(${JSON.stringify([...Object.values(internet), metadataService])}):
    alias(index, address)
    for port in ${JSON.stringify(ports)}:
        for serve in (streams, datagrams):
            threading.Thread(target=serve, args=(address, port), daemon=True).start()
open("/tmp/ready", "w").close()
signal.pause()
`;

/** Starts what stands for the internet, in a namespace of its own; resolves once it answers, and it goes when it is disposed. */
export async function startInternet(installed: Installed): Promise<AsyncDisposable> {
  const namespace = "internet";
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "internet", namespace },
    spec: {
      hostNetwork: true,
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: "internet",
          image: "python:3.11-slim",
          command: ["python3", "-c", server],
          securityContext: { capabilities: { add: ["NET_ADMIN"] } },
          readinessProbe: { exec: { command: ["test", "-e", "/tmp/ready"] }, periodSeconds: 1 },
        },
      ],
    },
  };
  const place = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  await kubectl(installed, ["apply", "--filename=-"], `${JSON.stringify(place)}\n---\n${JSON.stringify(pod)}`);
  await kubectl(installed, [
    "--namespace",
    namespace,
    "wait",
    "--for=condition=Ready",
    "pod/internet",
    "--timeout=120s",
  ]);
  return {
    async [Symbol.asyncDispose]() {
      await kubectl(installed, ["delete", "namespace", namespace, "--wait=false"]);
    },
  };
}
