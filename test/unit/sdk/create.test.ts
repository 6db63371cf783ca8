import { describe, expect, test } from "vitest";
import { createSandboxSchema } from "../../../src/api/sandbox-http.ts";
import { App } from "../../../src/sdk/app.ts";
import { InvalidError, NotSupportedError } from "../../../src/sdk/errors.ts";
import { Probe } from "../../../src/sdk/probe.ts";
import { Proxy } from "../../../src/sdk/proxy.ts";
import { createRequest, type SandboxCreateParams } from "../../../src/sdk/sandbox/create.ts";
import { Secret } from "../../../src/sdk/secret.ts";
import { Volume } from "../../../src/sdk/volume.ts";

const app = new App("my-app");

describe("what a sandbox is created with", () => {
  const rows: [string, SandboxCreateParams, object][] = [
    ["nothing", {}, {}],
    ["processors", { cpu: 0.5, cpuLimit: 2 }, { resources: { requests: { cpu: "500m" }, limits: { cpu: "2000m" } } }],
    ["memory", { memoryMiB: 4096 }, { resources: { requests: { memory: "4096Mi" } } }],
    ["a time limit", { timeoutMs: 600_000 }, { timeoutSeconds: 600 }],
    ["a command of a shell", { command: ["sh", "-c", "echo $$"] }, { args: ["sh", "-c", "echo $$$"] }],
    ["a command", { command: ["python", "server.py"] }, { args: ["python", "server.py"] }],
    ["an entrypoint", { entrypoint: ["a", "$(b)"], command: ["c"] }, { command: ["a", "$$(b)"], args: ["c"] }],
    ["an identity token", { includeOidcIdentityToken: true }, { identityToken: { audience: "sandkeep.dev" } }],
    [
      "an identity token for somebody",
      { includeOidcIdentityToken: { audience: "sts.example.com" } },
      { identityToken: { audience: "sts.example.com" } },
    ],
    ["no identity token", { includeOidcIdentityToken: false }, {}],
    ["an empty command", { command: [] }, {}],
    ["variables", { env: { A: "$(B)", C: undefined } }, { env: [{ name: "A", value: "$$(B)" }] }],
    ["a Secret", { secrets: [new Secret({ name: "database" })] }, { envFrom: [{ secretRef: { name: "database" } }] }],
    [
      "a volume",
      { volumes: { "/data": new Volume("cache", { readOnly: true }) } },
      {
        volumes: [
          { name: "volume-0", mountPath: "/data", readOnly: true, persistentVolumeClaim: { claimName: "cache" } },
        ],
      },
    ],
    [
      "a probe",
      { readinessProbe: Probe.withTcp(8080) },
      { readinessProbe: { tcp: { port: 8080 }, intervalMilliseconds: 100 } },
    ],
    ["no network", { blockNetwork: true }, { network: { block: true } }],
    ["a network, as by default", { blockNetwork: false }, {}],
    [
      "ranges to reach",
      { outboundCidrAllowlist: ["203.0.113.0/24"], outboundDomainAllowlist: [] },
      { network: { outbound: { cidrs: ["203.0.113.0/24"], domains: [] } } },
    ],
    [
      "domains to reach",
      { outboundDomainAllowlist: ["*.example.com"] },
      { network: { outbound: { domains: ["*.example.com"] } } },
    ],
    ["a proxy", { proxy: new Proxy("static") }, { network: { proxyName: "static" } }],
    ["nothing to reach", { outboundCidrAllowlist: [] }, { network: { outbound: { cidrs: [] } } }],
    ["a name and tags", { name: "worker-1", tags: { a: "b" } }, { name: "worker-1", tags: { a: "b" } }],
    ["a GPU", { gpu: "H100" }, { gpu: ["H100"] }],
    ["GPUs to fall back to", { gpu: ["H100", "a100-80gb:2", "any"] }, { gpu: ["H100", "a100-80gb:2", "any"] }],
    ["a cloud", { cloud: "aws", regions: [] }, { placement: { cloud: "aws" } }],
    ["regions", { regions: ["eu-west-1"] }, { placement: { regions: ["eu-west-1"] } }],
    ["a terminal", { pty: true, workdir: "/repo" }, { tty: true, workingDir: "/repo" }],
    ["empty lists of ports", { encryptedPorts: [], h2Ports: [] }, {}],
  ];
  test.each(rows)("%s", async (_, params, spec) => {
    const request = await createRequest(app, undefined, params);
    expect(request).toEqual({ spec: { app: "my-app", ...spec } });
    expect(createSandboxSchema.safeParse(request).error).toBeUndefined();
  });

  test("values that are secret travel beside the spec, later ones before earlier ones", async () => {
    const secrets = [new Secret({ values: { A: "1", B: "1" } }), Promise.resolve(new Secret({ values: { A: "2" } }))];
    const request = await createRequest(app, undefined, { secrets });
    expect(request).toEqual({ secretValues: { A: "2", B: "1" }, spec: { app: "my-app" } });
  });
});

describe("what is refused before anything is sent", () => {
  const rows: [string, object, RegExp][] = [
    ["a time limit of nothing", { timeoutMs: 0 }, /timeoutMs must be positive, got 0/],
    ["a time limit of half a second", { timeoutMs: 500 }, /timeoutMs must be a multiple of 1000 ms, got 500/],
    ["a relative working directory", { workdir: "repo" }, /workdir must be an absolute path, got "repo"/],
    ["no processors", { cpu: 0 }, /cpu must be positive, got 0/],
    ["a limit below the request", { cpu: 2, cpuLimit: 1 }, /cpuLimit \(1\) must not be below cpu \(2\)/],
    ["a limit without a request", { memoryLimitMiB: 10 }, /memoryLimitMiB needs memoryMiB/],
    ["no GPU", { gpu: "T4:0" }, /gpu "T4:0" must have a positive whole number behind ":", got "0"/],
    ["a part of a GPU", { gpu: ["T4", "T4:1.5"] }, /gpu "T4:1\.5" must have a positive whole number/],
    ["a variable that is no text", { env: { A: JSON.parse("1") as string } }, /A must be a string, got number/],
    ["the name of a variable", { env: { "A B": "" } }, /"A B" must be letters, digits and '_'/],
    ["a name", { name: "a b" }, /name "a b" must be/],
    [
      "ranges to reach without a network",
      { blockNetwork: true, outboundCidrAllowlist: [] },
      /blockNetwork excludes outboundCidrAllowlist/,
    ],
    ["a parameter's old name", { timeout: 3 }, /Parameter timeout is called timeoutMs/],
    [
      "a relative mount path",
      { volumes: { data: new Volume("v") } },
      /mount path of a volume must be an absolute path/,
    ],
  ];
  test.each(rows)("%s", async (_, params, message) => {
    const request = createRequest(app, undefined, params);
    await expect(request).rejects.toBeInstanceOf(InvalidError);
    await expect(request).rejects.toThrow(message);
  });

  test.each(["experimentalOptions"])("%s, which is not there yet", async (name) => {
    const request = createRequest(app, undefined, { [name]: {} });
    await expect(request).rejects.toBeInstanceOf(NotSupportedError);
    await expect(request).rejects.toThrow(name);
  });
});
