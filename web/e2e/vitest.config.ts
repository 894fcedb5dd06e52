import { defineConfig } from 'vitest/config'

// End-to-end tests: the real program, real Chromium, fake devices. One file
// after the other: two cores cannot carry two classes of browsers at once.
export default defineConfig({
  test: {
    include: ['e2e/**/*.e2e.ts'],
    root: new URL('..', import.meta.url).pathname,
    fileParallelism: false,
    testTimeout: 240_000,
    hookTimeout: 90_000,
    // For what is waited for, on however slow a machine.
    expect: { poll: { timeout: 45_000 } },
    bail: 0,
    reporters: ['verbose'],
  },
})
