import { z } from "zod";
import { matches, withRules } from "../rule.ts";

const domain = "(([a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?|\\[[a-fA-F0-9:]+\\])(:[0-9]+)?/)?";
const path = "[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*(/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)*";
const tag = "(:[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127})?";
const digest = "(@[A-Za-z0-9_+.-]+:[0-9a-fA-F]{32,})?";

/** A reference to an OCI image, by tag, digest or both. */
export const imageReference = withRules(
  z.string().min(1).max(1024),
  matches(
    new RegExp(`^${domain}${path}${tag}${digest}$`),
    'must be an image reference such as "python:3.11-slim" or "registry.example.com/team/image@sha256:…"',
  ),
);
