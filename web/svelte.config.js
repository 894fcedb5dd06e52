// What svelte-check and the build know of components. `npm run check` runs svelte-check,
// for `tsc` does not read .svelte files: it holds the types of props and of every
// expression in markup, and it takes its warnings for errors, since most of them are
// about accessibility (a control without a name, a click that no key can do). After
// it, `tsc` alone checks what runs in Node: this build's own files (tsconfig.node.json)
// and the end-to-end tests (e2e/tsconfig.json).
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte'

/** @type {import('@sveltejs/vite-plugin-svelte').SvelteConfig} */
export default {
  preprocess: vitePreprocess(),
  // Decided per file: bits of Svelte 4 inside a package may still be read.
  compilerOptions: { runes: undefined },
}
