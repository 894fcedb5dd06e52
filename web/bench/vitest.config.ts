import { defineConfig } from 'vitest/config'

// `make bench-links`: one row of the table after the other, each as long as it takes.
export default defineConfig({
  test: {
    include: ['bench/**/*.bench.ts'],
    root: new URL('..', import.meta.url).pathname,
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 90_000,
    reporters: ['verbose'],
  },
})
