import { paraglideVitePlugin } from '@inlang/paraglide-js'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'
import { precache, worker } from './precache.ts'
import { precompress } from './precompress.ts'

// Where `npm run dev` finds a running `preau serve --dev`.
const server = process.env['PREAU_URL'] ?? 'http://127.0.0.1:7880'

// Only `npm run dev` needs messages compiled as they change. Builds and tests have them
// compiled beforehand (`npm run messages`): the plugin never closes its database, whose
// threads hold the process for half a minute after all is done.
const messages = (): Plugin =>
  paraglideVitePlugin({
    project: './project.inlang',
    outdir: './src/paraglide',
    strategy: ['localStorage', 'preferredLanguage', 'baseLocale'],
  }) as Plugin
const watched = (command: string) => command === 'serve' && !process.env['VITEST']

export default defineConfig(({ command }) => ({
  plugins: [...(watched(command) ? [messages()] : []), svelte(), precache(), precompress()],
  build: {
    // precompress() clears what an earlier build left, and keeps dist/.keep,
    // without which the Go program could not embed an unbuilt page.
    emptyOutDir: false,
    target: ['chrome100', 'firefox100', 'safari15.4'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: 'index.html', worker: 'worker/sw.ts' },
      output: {
        entryFileNames: ({ name }) => (name === 'worker' ? worker : 'assets/[name]-[hash].js'),
      },
    },
  },
  server: {
    proxy: {
      '/api': server,
      '/class': { target: server, ws: true },
      '/rtc': { target: server, ws: true },
    },
  },
  test: {
    include: ['src/**/*.test.ts', 'worker/**/*.test.ts', 'bench/*.test.ts'],
    environment: 'node',
  },
}))
