/** An image's place in a registry. */
export interface ImageReference {
  /** Host, with its port if it has one; `docker.io` where none is named. */
  host: string;
  /** Such as `library/python`. */
  repository: string;
  /** A digest if it has one, else its tag, else `latest`. */
  version: string;
}

/** Host of images that name none. */
export const DOCKER_HUB = "docker.io";

/** Reads a reference, which is taken to be valid, as container runtimes do: `python` is `docker.io/library/python:latest`. */
export function parseReference(text: string): ImageReference {
  const [name = "", digest] = text.split("@", 2);
  const [first = "", ...rest] = name.split("/");
  const hasHost = rest.length > 0 && (/[.:A-Z]/.test(first) || first === "localhost");
  const host = hasHost ? canonicalHost(first) : DOCKER_HUB;
  const path = hasHost ? rest.join("/") : name;
  const colon = path.lastIndexOf(":");
  const repository = colon === -1 ? path : path.slice(0, colon);
  const official = host === DOCKER_HUB && !repository.includes("/");
  return {
    host,
    repository: official ? `library/${repository}` : repository,
    version: digest ?? (colon === -1 ? "latest" : path.slice(colon + 1)),
  };
}

/** The one name of a host that may be written in several ways. */
export function canonicalHost(host: string): string {
  const lower = host.toLowerCase();
  return lower === "index.docker.io" || lower === "registry-1.docker.io" ? DOCKER_HUB : lower;
}
