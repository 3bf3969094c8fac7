import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/property-seed.ts"],
    expect: { requireAssertions: true },
    testTimeout: 20_000,
    pool: "forks",
    // By default one core stays idle, which on two cores doubles the time; many of the tests wait for a disk or a server.
    maxWorkers: "100%",
    // Modules hold no mutable state, so files may share a process; that saves a third of the time.
    isolate: false,
  },
});
