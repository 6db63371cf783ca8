import { appListSchema, appViewSchema, putAppSchema } from "../app-http.ts";
import { json, type Route } from "../route.ts";
import { sandboxViewSchema } from "../sandbox-http.ts";
import { sandboxName } from "../sandbox-spec.ts";
import { dnsLabel, labelValue } from "../schema/name.ts";
import { inNamespace, nothing, page, paths } from "./parameters.ts";
import { startedSandbox } from "./sandboxes.ts";

const app = `${paths.apps}/{app}`;
const ofApp = inNamespace.extend({ app: dnsLabel.describe("The app's name.") });

const agents = {
  name: "agents",
  namespace: "default",
  uid: "8a6e0804-2bd0-4672-b79d-d97027f9071a",
  createdAt: "2026-11-21T09:00:00Z",
  spec: { description: "What our agents run." },
  status: {},
};
const ofAgents = { app: "agents" };

export const appRoutes = {
  listApps: {
    summary: "List apps by name",
    method: "GET",
    path: paths.apps,
    params: inNamespace,
    query: page,
    reply: { status: 200, body: json(appListSchema) },
    access: { verb: "list", resource: "sandboxapps" },
    example: { reply: { items: [agents] } },
  },
  getApp: {
    summary: "Get an app",
    method: "GET",
    path: app,
    params: ofApp,
    query: nothing,
    reply: { status: 200, body: json(appViewSchema) },
    access: { verb: "get", resource: "sandboxapps" },
    example: { params: ofAgents, reply: agents },
  },
  putApp: {
    summary: "Make an app if it is missing, which needs create too; 200 with the one there is, unchanged",
    method: "PUT",
    path: app,
    params: ofApp,
    query: nothing,
    body: json(putAppSchema),
    reply: { status: 201, body: json(appViewSchema) },
    access: { verb: "get", resource: "sandboxapps" },
    example: { params: ofAgents, body: { spec: agents.spec }, reply: agents },
  },
  deleteApp: {
    summary: "Delete an app; its sandboxes stay",
    method: "DELETE",
    path: app,
    params: ofApp,
    query: nothing,
    reply: { status: 204 },
    access: { verb: "delete", resource: "sandboxapps" },
    example: { params: ofAgents },
  },
  getNamedSandbox: {
    summary: "Get the running sandbox of this name in an app, which needs no SandboxApp",
    method: "GET",
    path: `${app}/sandboxes/{name}`,
    params: inNamespace.extend({
      app: labelValue.describe("The sandbox's spec.app."),
      name: sandboxName.describe("The sandbox's spec.name."),
    }),
    query: nothing,
    reply: { status: 200, body: json(sandboxViewSchema) },
    access: { verb: "get", resource: "sandboxes" },
    example: { params: { app: "default", name: "researcher" }, reply: startedSandbox },
  },
} as const satisfies Record<string, Route>;
