import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { request } from "undici";
import { type Cluster, programPath } from "./cluster.ts";
import { waitFor } from "./wait-for.ts";

const run = promisify(execFile);

const user = "puller";
const password = "correct-horse-battery";
/** As `htpasswd -B` writes it. */
const htpasswd = `${user}:$2b$04$sandkeepsandkeepsandkeZn88YR4POQlTn0iVA1KQYoC.l9PmHta\n`;

/** A registry beside the cluster's own, which gives its one image to those alone who log in. */
export interface LoginRegistry extends AsyncDisposable {
  /** Reference of busybox there. */
  image: string;
  user: string;
  origin: string;
  password: string;
  /** What a Secret of type `kubernetes.io/dockerconfigjson` holds to log in with this password. */
  dockerConfig(password: string): string;
}

/** What the image is made to run; as busybox by default. */
interface MadeToRun {
  entrypoint: string[];
  cmd: string[];
}

/** Starts it where the nodes of a cluster reach it, at a port of its own; `nodeAddress` is that of the first one. */
export async function loginRegistry(
  cluster: Pick<Cluster, "name" | "kubeconfig">,
  nodeAddress: string,
  port: number,
  madeToRun?: MadeToRun,
): Promise<LoginRegistry> {
  const path = await programPath(cluster.name);
  const folder = await mkdtemp(join(tmpdir(), "sandkeep-registry-"));
  const address = `${nodeAddress.replace(/\d+$/, "1")}:${port}`;
  await writeFile(join(folder, "htpasswd"), htpasswd);
  const configuration = {
    version: 0.1,
    log: { level: "warn" },
    storage: { inmemory: {} },
    auth: { htpasswd: { realm: "registry", path: join(folder, "htpasswd") } },
    http: { addr: address },
  };
  await writeFile(join(folder, "registry.yaml"), JSON.stringify(configuration));
  const env = { ...process.env, PATH: path, DOCKER_CONFIG: folder };
  const registry = spawn("registry", ["serve", join(folder, "registry.yaml")], { env, stdio: "ignore" });
  const ended = once(registry, "exit");
  await waitFor("the registry to ask for a login", async () => {
    const { statusCode, body } = await request(`http://${address}/v2/`);
    await body.dump();
    return statusCode === 401;
  });

  const dockerConfig = (given: string): string => {
    const auth = Buffer.from(`${user}:${given}`).toString("base64");
    return JSON.stringify({ auths: { [address]: { auth } } });
  };
  await writeFile(join(folder, "config.json"), dockerConfig(password));
  const image = `${address}/team/tool:1`;
  await run("crane", ["copy", "--insecure", `${nodeAddress}:5000/library/busybox:stable`, image], { env });
  if (madeToRun !== undefined) {
    const flags = [...flagsOf("--entrypoint", madeToRun.entrypoint), ...flagsOf("--cmd", madeToRun.cmd)];
    await run("crane", ["mutate", "--insecure", ...flags, "--tag", image, image], { env });
  }
  const hosts = join(dirname(cluster.kubeconfig), "node1/certs.d", address);
  await mkdir(hosts, { recursive: true });
  // Without a host of its own the name would be looked up in the cluster's registry, as all are.
  await writeFile(join(hosts, "hosts.toml"), `server = "http://${address}"\n[host."http://${address}"]\n`);
  return {
    image,
    user,
    origin: `http://${address}`,
    password,
    dockerConfig,
    async [Symbol.asyncDispose]() {
      registry.kill();
      await ended;
      await rm(hosts, { recursive: true });
      await rm(folder, { recursive: true });
    },
  };
}

/** Each word is read as a line of CSV. */
function flagsOf(name: string, words: string[]): string[] {
  return words.flatMap((word) => [name, `"${word.replaceAll('"', '""')}"`]);
}
