import { z } from "zod";
import { json, type Route } from "../route.ts";
import { imageReference } from "../schema/image.ts";
import { objectName } from "../schema/name.ts";
import { inNamespace, paths } from "./parameters.ts";

const resolvedImageSchema = z.object({
  image: z.string().describe("Its reference by digest, which is always the same image."),
  digest: z.string(),
});

const digest = `sha256:${"4f".repeat(32)}`;

export const imageRoutes = {
  resolveImage: {
    summary: "Ask an image's registry for its digest",
    method: "GET",
    path: `${paths.images}/resolve`,
    params: inNamespace,
    query: z.strictObject({
      reference: imageReference.describe("The image, by tag or digest."),
      secretName: objectName
        .exactOptional()
        .describe(
          "A Secret that logs in to its registry: of type kubernetes.io/dockerconfigjson, or with REGISTRY_USERNAME and REGISTRY_PASSWORD. Needs get on it.",
        ),
    }),
    reply: { status: 200, body: json(resolvedImageSchema) },
    access: { verb: "create", resource: "sandboxes" },
    example: {
      query: { reference: "python:3.11-slim" },
      reply: { image: `docker.io/library/python@${digest}`, digest },
    },
  },
} as const satisfies Record<string, Route>;
