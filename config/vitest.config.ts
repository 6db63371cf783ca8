import { defineConfig } from "vitest/config";

/**
 * Three suites: `unit` needs nothing, `cluster` an API server and kubelet, `e2e` the installed system. Their limits are there to
 * end what hangs, on the busiest machine: longer than any `waitFor`, which says what it waited for.
 */
export default defineConfig({
  test: {
    root: new URL("..", import.meta.url).pathname,
    testTimeout: 300_000,
    hookTimeout: 900_000,
    projects: [
      // One process for many files: to load what they import anew for each takes longer than to run them.
      { extends: true, test: { name: "unit", include: ["test/unit/**/*.test.ts"], isolate: false } },
      {
        extends: true,
        test: {
          name: "cluster",
          include: ["test/cluster/**/*.test.ts"],
          globalSetup: "test/support/global-setup.ts",
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: "test/e2e/setup.ts",
          fileParallelism: false,
        },
      },
    ],
  },
});
