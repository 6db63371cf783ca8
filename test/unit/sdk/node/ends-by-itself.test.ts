import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { httpStub, httpsStub } from "./gateway-stub.ts";

const run = promisify(execFile);
const transport = new URL("../../../../src/sdk/node/transport.ts", import.meta.url);

/** Runs a program that has a transport to the stub; what it wrote, once it has ended. */
async function program(url: string, ca: string, body: string): Promise<string> {
  const script = `
    import { nodeTransport } from ${JSON.stringify(transport.href)};
    const transport = nodeTransport({ url: ${JSON.stringify(url)}, tls: { ca: ${JSON.stringify(ca)} } });
    const get = (path) => transport.request({ method: "GET", path });
    ${body}
    console.log(performance.now());`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script]);
  return stdout;
}

test.each([
  ["HTTP", httpStub],
  ["TLS", httpsStub],
])("a program that is done ends, whatever waits on its connections over %s", async (_, serve) => {
  await using stub = await serve(({ url }, response) => {
    response.write("some");
    if (url === "/v1/whole") response.end();
  });
  const wrote = await program(
    stub.url,
    stub.certificate,
    `const endless = await get("/v1/endless");
     endless.keepAlive(false);
     for await (const _ of (await get("/v1/whole")).body);`,
  );
  expect(wrote).toMatch(/^\d/);
  expect(stub.opened).toBe(2);
});
