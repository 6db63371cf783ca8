import { Command } from "commander";
import { expect, test, vi } from "vitest";
import { createSandbox, type CreateOptions, withCreateOptions } from "../../../src/cli/create-options.ts";
import type { SandboxCreateParams } from "../../../src/sdk/sandbox/create.ts";
import { SandkeepMock } from "../../../src/sdk/testing/index.ts";

const rows: [options: string, params: SandboxCreateParams][] = [
  ["--cpu 500m --cpu-limit 2", { cpu: 0.5, cpuLimit: 2 }],
  ["--cpu-limit 2 --memory-limit 1Gi", { cpu: 2, cpuLimit: 2, memoryMiB: 1024, memoryLimitMiB: 1024 }],
  ["--gpu H100 --gpu A100-80GB:2 --gpu any", { gpu: ["H100", "A100-80GB:2", "any"] }],
  ["--cloud aws --region eu-west-1 --region eu-central-1", { cloud: "aws", regions: ["eu-west-1", "eu-central-1"] }],
  ["--allow-cidr 1.0.0.0/8 --allow-cidr 2.0.0.0/8", { outboundCidrAllowlist: ["1.0.0.0/8", "2.0.0.0/8"] }],
  [
    "--tunnel 80 --tunnel 81/h2 --tunnel 82/tcp --tunnel 83/tls",
    { encryptedPorts: [80, 83], h2Ports: [81], unencryptedPorts: [82] },
  ],
  ["--tunnel 80 --domain a.example", { encryptedPorts: [80], customDomain: "a.example" }],
  ["--allow-from 203.0.113.0/24", { inboundCidrAllowlist: ["203.0.113.0/24"] }],
  ["--no-network", { blockNetwork: true }],
  ["--identity-token sts.example.com", { includeOidcIdentityToken: { audience: "sts.example.com" } }],
];

test.each(rows)("%s asks for what it says", async (options, params) => {
  const { client } = new SandkeepMock();
  const create = vi.spyOn(client.sandboxes, "create");
  const command = withCreateOptions(new Command()).parse(options.split(" "), { from: "user" });
  await createSandbox(client, "busybox:stable", ["true"], command.opts<CreateOptions>());
  expect(create.mock.lastCall?.[2]).toEqual({ command: ["true"], ...params });
});

test("--command puts the command in place of the image's ENTRYPOINT", async () => {
  const { client } = new SandkeepMock();
  const create = vi.spyOn(client.sandboxes, "create");
  const command = withCreateOptions(new Command()).parse(["--command"], { from: "user" });
  await createSandbox(client, "busybox:stable", ["true"], command.opts<CreateOptions>());
  expect(create.mock.lastCall?.[2]).toEqual({ entrypoint: ["true"] });
});
