import type { Route } from "../route.ts";
import { ofSandbox, onceStarted, paths, waitSeconds } from "./parameters.ts";

export const mountedVolumeRoutes = {
  reloadVolumes: {
    summary: "Have all that a sandbox wrote to its volumes on their storage, for others to read",
    method: "POST",
    path: `${paths.sandbox}/volumes/reload`,
    params: ofSandbox,
    query: onceStarted.extend({
      timeoutSeconds: waitSeconds.default(55).describe("How long it may take; `deadline_exceeded` after that."),
    }),
    reply: { status: 204 },
    access: { verb: "update", resource: "sandboxes", subresource: "files" },
    example: {},
  },
} as const satisfies Record<string, Route>;
