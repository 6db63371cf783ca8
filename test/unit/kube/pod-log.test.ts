import { expect, it } from "vitest";
import { podLog } from "../../../src/kube/pod-log.ts";
import { stubServer } from "../../support/stub-server.ts";

const pod = { namespace: "ns", pod: "p", container: "sandbox" };

it("reads a log as it comes", async () => {
  const asked: (string | undefined)[] = [];
  await using server = await stubServer({
    request: ({ url }, response) => {
      asked.push(url);
      response.write("first ");
      setImmediate(() => response.end("last"));
    },
  });
  const body = await podLog(server.connection, { ...pod, follow: true, tailLines: 0, timestamps: false });
  expect(Buffer.concat(await body.toArray()).toString()).toBe("first last");
  expect(asked).toEqual(["/api/v1/namespaces/ns/pods/p/log?container=sandbox&follow=true&tailLines=0"]);
});

it("rejects with the server's refusal", async () => {
  await using server = await stubServer({
    request: (_, response) => void response.writeHead(404).end('{"kind":"Status","message":"no Pod"}'),
  });
  await expect(podLog(server.connection, pod)).rejects.toMatchObject({ status: 404, message: "no Pod" });
});
