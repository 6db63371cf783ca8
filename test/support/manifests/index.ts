import { appManifests, classManifests, readinessProbeManifests, snapshotManifests } from "./others.ts";
import type { Manifests } from "./row.ts";
import { sandboxManifests } from "./sandbox.ts";

/** Every row, kind by kind. */
export const manifests: Manifests[] = [
  sandboxManifests,
  snapshotManifests,
  readinessProbeManifests,
  classManifests,
  appManifests,
];
