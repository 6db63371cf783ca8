import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ApiError } from "../../../../src/kube/api-error.ts";
import type { Secret } from "../../../../src/kube/objects.ts";
import type { FoundImage, WantedImage } from "../../../../src/operator/sandbox/entrypoint.ts";
import { ImageLookups } from "../../../../src/operator/sandbox/image-lookups.ts";
import type { Credentials } from "../../../../src/registry/credentials.ts";
import type { Inspection } from "../../../../src/registry/inspect.ts";
import type { ImageReference } from "../../../../src/registry/reference.ts";
import { silentLog } from "../../../support/silent-log.ts";

const found: FoundImage = { kind: "found", digest: "sha256:00", entrypoint: ["/tini"] };
const wanted: WantedImage = {
  uid: "u",
  namespace: "n",
  reference: "r.example.com/a:1",
  pullSecrets: [],
  architectures: ["amd64"],
};

let lookups: ImageLookups;
let answer: (image: ImageReference, login: Credentials | undefined) => Promise<Inspection>;
let asked: string[];
let secrets: Map<string, Secret | number>;
let reported: string[];
beforeEach(() => {
  asked = [];
  reported = [];
  secrets = new Map();
  answer = () => Promise.resolve(found);
  lookups = new ImageLookups({
    inspector: {
      inspect(image, _architectures, login) {
        asked.push([image.repository, login?.username].filter(Boolean).join(" as "));
        return answer(image, login);
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
    kube: {
      get(_kind, { name }) {
        const secret = secrets.get(name) ?? 404;
        if (typeof secret === "number")
          return Promise.reject(
            new ApiError(`GET ${name}`, secret, { reason: secret === 403 ? "Forbidden" : "NotFound" }),
          );
        return Promise.resolve(secret) as never;
      },
    },
    report: (key) => void reported.push(key),
    log: silentLog,
  });
});
afterEach(() => lookups[Symbol.asyncDispose]());

function login(username: string, host = "r.example.com", type = "kubernetes.io/dockerconfigjson"): Secret {
  const config = { auths: { [host]: { username, password: "p" } } };
  const data = { ".dockerconfigjson": Buffer.from(JSON.stringify(config)).toString("base64") };
  return { metadata: { name: username }, type, data };
}

async function settled(key: string, image: WantedImage = wanted) {
  lookups.observe(key, image);
  await vi.waitFor(() => expect(lookups.observe(key, image)).toBeDefined());
  return lookups.observe(key, image);
}

describe("an image", () => {
  test("is known after the sandbox was told so, and at once to those that come later", async () => {
    expect(lookups.observe("n/a", wanted)).toBeUndefined();
    await vi.waitFor(() => expect(reported).toEqual(["n/a"]));
    expect(lookups.observe("n/a", wanted)).toEqual(found);
    expect(lookups.observe("n/b", wanted)).toEqual(found);
    expect(reported).toEqual(["n/a"]);
    expect(asked).toEqual(["a"]);
  });

  test("is asked for since the question was first put, whatever is known meanwhile", async () => {
    vi.useFakeTimers({ now: new Date("2026-01-01T00:00:00Z"), toFake: ["Date"] });
    try {
      answer = () => Promise.resolve({ kind: "silent" });
      lookups.observe("n/a", wanted);
      vi.setSystemTime(new Date("2026-01-01T00:00:30Z"));
      await vi.waitFor(() => expect(lookups.observe("n/a", wanted)).toMatchObject({ kind: "silent" }));
      expect(lookups.askedAt("n/a")).toBe("2026-01-01T00:00:00.000Z");
      vi.setSystemTime(new Date("2026-01-01T00:01:00Z"));
      lookups.observe("n/a", { ...wanted, reference: "r.example.com/a:2" });
      expect(lookups.askedAt("n/a")).toBe("2026-01-01T00:01:00.000Z");
      lookups.forget("n/a");
      expect(lookups.askedAt("n/a")).toBeUndefined();
    } finally {
      vi.useRealTimers();
    }
  });

  test("is asked for once by all who want it meanwhile, though the first one gives up", async () => {
    const gate = Promise.withResolvers<Inspection>();
    answer = () => gate.promise;
    for (const key of ["n/a", "n/b", "n/c"]) lookups.observe(key, wanted);
    lookups.forget("n/a");
    gate.resolve(found);
    await vi.waitFor(() => expect(reported).toEqual(["n/b", "n/c"]));
    expect(asked).toEqual(["a"]);
  });

  test("that has been found for one login is not given to another", async () => {
    answer = (_, login) => Promise.resolve(login?.username === "me" ? found : { kind: "refused" });
    secrets.set("mine", login("me"));
    expect(await settled("n/a", { ...wanted, pullSecrets: ["mine"] })).toEqual(found);
    expect(await settled("n/b")).toMatchObject({ kind: "refused", final: false });
  });

  test("is asked for with each login there is, until one opens it", async () => {
    answer = (_, login) => Promise.resolve(login?.username === "two" ? found : { kind: "refused" });
    for (const name of ["one", "two", "three"]) secrets.set(name, login(name));
    secrets.set("elsewhere", login("elsewhere", "other.example.com"));
    const pullSecrets = ["missing", "elsewhere", "one", "two", "three"];
    expect(await settled("n/a", { ...wanted, pullSecrets })).toEqual(found);
    expect(asked).toEqual(["a as one", "a as two"]);
  });

  test.each(["Opaque", "kubernetes.io/basic-auth"])("gets no password of a Secret of type %s", async (type) => {
    const data = { REGISTRY_USERNAME: "bWU=", REGISTRY_PASSWORD: "cA==" };
    secrets.set("other", { ...login("me", "r.example.com", type), data: { ...login("me").data, ...data } });
    answer = () => Promise.resolve({ kind: "refused" });
    expect(await settled("n/a", { ...wanted, pullSecrets: ["other"] })).toMatchObject({ kind: "refused" });
    expect(new Set(asked)).toEqual(new Set(["a"]));
  });

  test("says which Secrets it was not opened with", async () => {
    answer = () => Promise.resolve({ kind: "refused" });
    secrets.set("hidden", 403);
    const unseen = { missing: ["gone"], forbidden: ["hidden"] };
    const lookup = await settled("n/a", { ...wanted, pullSecrets: ["gone", "hidden"] });
    expect(lookup).toEqual({ kind: "refused", final: true, unseen });
  });

  test.each(["absent", "not-allowed", "unsuitable"] as const)("that is %s is not asked for again", async (kind) => {
    answer = () => Promise.resolve({ kind });
    expect(await settled("n/a")).toEqual({ kind, final: true });
  });

  test("of a registry that is silent is asked for again, and the sandbox is told what is new", async () => {
    let calls = 0;
    answer = () => Promise.resolve(++calls < 3 ? { kind: "silent" } : found);
    expect(await settled("n/a")).toEqual({ kind: "silent", final: false });
    await vi.waitFor(() => expect(lookups.observe("n/a", wanted)).toEqual(found), 5_000);
    expect(reported).toEqual(["n/a", "n/a"]);
  });

  test("by its digest is asked for once and for all, though its sandbox is forgotten", async () => {
    const reference = `r.example.com/a@sha256:${"0".repeat(64)}`;
    await settled("n/a", { ...wanted, reference });
    lookups.forget("n/a");
    expect(lookups.observe("n/a", { ...wanted, reference })).toEqual(found);
    expect(asked).toEqual(["a"]);
  });

  const others: [what: string, other: Partial<WantedImage>][] = [
    ["another sandbox of that name", { uid: "other" }],
    ["another image", { reference: "r.example.com/b:1" }],
    ["other pull secrets", { pullSecrets: ["mine"] }],
  ];
  test.each(others)("that was not found says nothing of %s", async (_, other) => {
    answer = () => Promise.resolve({ kind: "absent" });
    await settled("n/a");
    answer = () => Promise.resolve(found);
    lookups.observe("n/a", { ...wanted, ...other });
    expect(await settled("n/a", { ...wanted, ...other })).toEqual(found);
  });

  test.each(others.slice(1))("that is being asked for does not answer for %s", async (_, other) => {
    const gate = Promise.withResolvers<Inspection>();
    secrets.set("mine", login("me"));
    answer = ({ repository }, login) =>
      repository === "b" || login !== undefined ? Promise.resolve(found) : gate.promise;
    lookups.observe("n/a", wanted);
    lookups.observe("n/a", { ...wanted, ...other });
    gate.resolve({ kind: "absent" });
    expect(await settled("n/a", { ...wanted, ...other })).toEqual(found);
  });

  test("of a namespace whose registries do not answer holds up no other namespace", async () => {
    answer = ({ repository }) => (repository === "fine" ? Promise.resolve(found) : new Promise<never>(() => {}));
    for (let i = 0; i < 20; i++) lookups.observe(`n/${i}`, { ...wanted, reference: `r.example.com/slow-${i}:1` });
    expect(await settled("m/a", { ...wanted, namespace: "m", reference: "r.example.com/fine:1" })).toEqual(found);
  });

  test("of one namespace is one of few that are asked for at once, also when their sandboxes come and go", async () => {
    answer = () => new Promise<never>(() => {});
    for (let i = 0; i < 20; i++) {
      lookups.observe(`n/${i}`, { ...wanted, reference: `r.example.com/slow-${i}:1` });
      await vi.waitFor(() => expect(asked).toHaveLength(Math.min(i + 1, 8)));
      lookups.forget(`n/${i}`);
    }
    expect(asked).toHaveLength(8);
  });

  test("is one of 64 over all namespaces that are asked for at once", async () => {
    answer = () => new Promise<never>(() => {});
    for (let i = 0; i < 100; i++) {
      lookups.observe(`n${i}/a`, { ...wanted, namespace: `n${i}`, reference: `r.example.com/slow-${i}:1` });
    }
    await vi.waitFor(() => expect(asked).toHaveLength(64));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(asked).toHaveLength(64);
  });

  test("with a long ENTRYPOINT is remembered for its sandbox alone", async () => {
    const long = { ...found, entrypoint: ["x".repeat(5000)] };
    answer = () => Promise.resolve(long);
    expect(await settled("n/a")).toEqual(long);
    expect(await settled("n/b")).toEqual(long);
    expect(asked).toEqual(["a", "a"]);
  });
});
