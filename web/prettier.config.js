// One form of the page's code that nobody argues about. Where Prettier asks at all,
// the choice and its reason:

/** @type {import('prettier').Config} */
export default {
  // The language puts them in; a line that would need one at its start is rare, and
  // Prettier puts it there.
  semi: false,
  // Fewer strokes in markup that is full of double quotes.
  singleQuote: true,
  // Two files side by side on a laptop. Go's lines beside it run to 110.
  printWidth: 100,
  // Markup, script and style of a component are one file: one tool formats all three.
  plugins: ['prettier-plugin-svelte'],
  overrides: [{ files: '*.svelte', options: { parser: 'svelte' } }],
}
