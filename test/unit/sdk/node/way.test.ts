import { describe, expect, test } from "vitest";
import type { ConnectOptions } from "../../../../src/sdk/connect-options.ts";
import { podFiles, wayOf, type TokenWay, type Way } from "../../../../src/sdk/node/way.ts";

const env = { SANDKEEP_URL: "https://env", SANDKEEP_TOKEN: "env-token" };
const inCluster = "https://sandkeep-gateway.sandkeep-system.svc";
const podToken: TokenWay = { from: "file", path: podFiles.token };

describe("the way to the gateway", () => {
  test.each<[what: string, options: ConnectOptions, env: Record<string, string>, inPod: boolean, way: Partial<Way>]>([
    [
      "by options",
      { url: "https://a", token: "t" },
      env,
      true,
      { url: "https://a", token: { from: "value", value: "t" } },
    ],
    ["by the environment", {}, env, true, { url: "https://env", token: { from: "value", value: "env-token" } }],
    [
      "by the environment, the token in a file",
      {},
      { SANDKEEP_URL: "https://env", SANDKEEP_TOKEN_FILE: "/t" },
      false,
      { url: "https://env", token: { from: "file", path: "/t" } },
    ],
    ["by a Pod's service account", {}, {}, true, { url: inCluster, token: podToken }],
    [
      "in a Pod by the environment's token",
      {},
      { SANDKEEP_TOKEN: "t" },
      true,
      { url: inCluster, token: { from: "value", value: "t" } },
    ],
    ["to a URL with the Pod's token", { url: "https://a" }, {}, true, { url: "https://a", token: podToken }],
    [
      "to another namespace's gateway",
      { gateway: { namespace: "b", service: "c" } },
      {},
      true,
      { url: "https://c.b.svc", gateway: { namespace: "b", service: "c" } },
    ],
    ["by kubeconfig", {}, {}, false, { url: undefined, token: { from: "kubeconfig" } }],
    [
      "by a kubeconfig that is named, whatever the environment says",
      { kubeconfig: "/k" },
      { SANDKEEP_URL: "https://env" },
      true,
      { url: undefined },
    ],
    [
      "by a context that is named",
      { context: "c" },
      { SANDKEEP_URL: "https://env" },
      true,
      { url: undefined, token: { from: "kubeconfig" } },
    ],
    [
      "by kubeconfig with another token",
      { kubeconfig: "/k", token: "t" },
      {},
      false,
      { url: undefined, token: { from: "value", value: "t" } },
    ],
    [
      "to a URL as a service account",
      { url: "https://a", serviceAccount: "s" },
      {},
      false,
      { token: { from: "kubeconfig" }, serviceAccount: "s" },
    ],
    ["as the environment's account", {}, { SANDKEEP_SERVICE_ACCOUNT: "a/b" }, false, { serviceAccount: "a/b" }],
    [
      "with the environment's namespace and certificates",
      {},
      { SANDKEEP_NAMESPACE: "n", SANDKEEP_CA_FILE: "/ca" },
      false,
      { namespace: "n", ca: { file: "/ca" } },
    ],
    [
      "with the options' namespace and certificates",
      { namespace: "o", ca: "PEM" },
      { SANDKEEP_NAMESPACE: "n", SANDKEEP_CA_FILE: "/ca" },
      false,
      { namespace: "o", ca: { pem: "PEM" } },
    ],
    [
      "where empty variables are none",
      {},
      { SANDKEEP_URL: "", SANDKEEP_TOKEN: "" },
      false,
      { url: undefined, token: { from: "kubeconfig" } },
    ],
    [
      "without TLS on this machine",
      { url: "http://127.0.0.1:1", token: "t" },
      {},
      false,
      { url: "http://127.0.0.1:1" },
    ],
  ])("%s", (_, options, env, inPod, way) => {
    expect(wayOf(options, env, inPod)).toMatchObject(way);
  });

  test.each<[what: string, options: ConnectOptions, message: RegExp]>([
    ["a URL without a token", { url: "https://a" }, /without a token.*SANDKEEP_TOKEN.*kubectl create token/],
    ["a URL without TLS", { url: "http://gateway", token: "t" }, /begins with https/],
    ["what is no URL", { url: "gateway:8443", token: "t" }, /"gateway:8443".*begins with https/],
  ])("is not %s, which tells what to do", (_, options, message) => {
    expect(() => wayOf(options, {}, false)).toThrow(message);
  });
});
