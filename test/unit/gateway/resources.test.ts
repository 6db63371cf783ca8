import { expect, it } from "vitest";
import { findResource, isWebSocket } from "../../../src/gateway/server/resources.ts";

const sandboxes = "/v1/namespaces/ns/sandboxes";
const process = { namespace: "ns", id: "a", process: "p" };

it.each<[path: string, operations: Record<string, string>, params: Record<string, string>]>([
  [sandboxes, { POST: "createSandbox", GET: "listSandboxes" }, { namespace: "ns" }],
  [`${sandboxes}/`, { POST: "createSandbox", GET: "listSandboxes" }, { namespace: "ns" }],
  [
    `${sandboxes}/a`,
    { GET: "getSandbox", PATCH: "patchSandbox", DELETE: "deleteSandbox" },
    { namespace: "ns", id: "a" },
  ],
  [
    `${sandboxes}/exec`,
    { GET: "getSandbox", PATCH: "patchSandbox", DELETE: "deleteSandbox" },
    { namespace: "ns", id: "exec" },
  ],
  [`${sandboxes}/watch`, { GET: "watchSandboxes" }, { namespace: "ns" }],
  [`${sandboxes}/watch/exec`, { POST: "exec" }, { namespace: "ns", id: "watch" }],
  [`${sandboxes}/a/exec`, { POST: "exec" }, { namespace: "ns", id: "a" }],
  [`${sandboxes}/a/processes`, { POST: "startProcess", GET: "listProcesses" }, { namespace: "ns", id: "a" }],
  [`${sandboxes}/a/processes/p/stdin`, { PUT: "writeStdin" }, process],
  [`${sandboxes}/a/processes/p/stdout/`, { GET: "readStdout" }, process],
  [
    `${sandboxes}/..`,
    { GET: "getSandbox", PATCH: "patchSandbox", DELETE: "deleteSandbox" },
    { namespace: "ns", id: ".." },
  ],
  [
    `${sandboxes}/a%2fexec`,
    { GET: "getSandbox", PATCH: "patchSandbox", DELETE: "deleteSandbox" },
    { namespace: "ns", id: "a/exec" },
  ],
  [
    `${sandboxes}/%00`,
    { GET: "getSandbox", PATCH: "patchSandbox", DELETE: "deleteSandbox" },
    { namespace: "ns", id: "\0" },
  ],
  [
    `${sandboxes}/__proto__`,
    { GET: "getSandbox", PATCH: "patchSandbox", DELETE: "deleteSandbox" },
    { namespace: "ns", id: "__proto__" },
  ],
])("finds what %s leads to", (path, operations, params) => {
  const resource = findResource(path);
  expect(Object.fromEntries(resource?.operations ?? [])).toEqual(operations);
  expect(resource?.params).toEqual(params);
});

it.each([
  "",
  "/",
  "/v1",
  "/v1/",
  "/v2/namespaces/ns/sandboxes",
  "/V1/namespaces/ns/sandboxes",
  "/v1/namespaces/ns/Sandboxes",
  "//v1/namespaces/ns/sandboxes",
  "/v1//namespaces/ns/sandboxes",
  "/v1/namespaces//sandboxes",
  `${sandboxes}//`,
  `${sandboxes}//exec`,
  `${sandboxes}/a/`.concat("/exec"),
  `${sandboxes}/a/%65xec`,
  `${sandboxes}/a/exec/more`,
  `${sandboxes}/a/processes/p/constructor`,
])("finds nothing at %j", (path) => {
  expect(findResource(path)).toBeUndefined();
});

it.each(["%", "%zz", "%c3", "a%2"])("refuses to decode %j", (id) => {
  expect(() => findResource(`${sandboxes}/${id}`)).toThrow(URIError);
});

it.each<[path: string, is: boolean]>([
  [`${sandboxes}/a/ports/80`, true],
  [`${sandboxes}/a/processes/p/attach`, true],
  [`${sandboxes}/a/processes/%zz/attach/`, true],
  [`${sandboxes}/a/processes/p/stdout`, false],
  [`${sandboxes}/a/exec`, false],
  ["/healthz", false],
])("tells whether %s is a WebSocket: %s", (path, is) => {
  expect(isWebSocket(path)).toBe(is);
});
