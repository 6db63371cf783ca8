import { appRoutes } from "./routes/apps.ts";
import { connectTokenRoutes } from "./routes/connect-tokens.ts";
import { fileRoutes } from "./routes/files.ts";
import { imageRoutes } from "./routes/images.ts";
import { logRoutes } from "./routes/logs.ts";
import { mountedVolumeRoutes } from "./routes/mounted-volumes.ts";
import { networkRoutes } from "./routes/network.ts";
import { processRoutes } from "./routes/processes.ts";
import { sandboxRoutes } from "./routes/sandboxes.ts";
import { secretRoutes } from "./routes/secrets.ts";
import { tunnelRoutes } from "./routes/tunnels.ts";
import { usageRoutes } from "./routes/usage.ts";
import { volumeRoutes } from "./routes/volumes.ts";
import { webSocketRoutes } from "./routes/web-sockets.ts";

export type { Route } from "./route.ts";

/** Every operation of the HTTP API, by name. The gateway has a handler for each. */
export const routes = {
  ...sandboxRoutes,
  ...processRoutes,
  ...fileRoutes,
  ...logRoutes,
  ...usageRoutes,
  ...tunnelRoutes,
  ...mountedVolumeRoutes,
  ...networkRoutes,
  ...appRoutes,
  ...secretRoutes,
  ...volumeRoutes,
  ...imageRoutes,
  ...webSocketRoutes,
  ...connectTokenRoutes,
} as const;

export type RouteName = keyof typeof routes;
