import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/soak/**/*.soak.ts"],
    expect: { requireAssertions: true },
    testTimeout: 30 * 60_000,
    pool: "forks",
    // One at a time: each keeps the machine busy by itself.
    fileParallelism: false,
  },
});
