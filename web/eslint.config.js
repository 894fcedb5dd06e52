// The house rules of the page, as lint rules, each with its reason. What formats
// the code is prettier.config.js; what checks types in markup is said in
// svelte.config.js, and what `tsc` is asked for in tsconfig.json.
import js from '@eslint/js'
import svelte from 'eslint-plugin-svelte'
import globals from 'globals'
import ts from 'typescript-eslint'
import { hardCodedText } from './lint/hard-coded-text.js'
import svelteConfig from './svelte.config.js'

const house = { plugins: { house: { rules: { 'hard-coded-text': hardCodedText } } } }

export default ts.config(
  // Written by tools, from what is checked elsewhere.
  { ignores: ['dist', 'node_modules', 'src/gen', 'src/paraglide', 'project.inlang'] },
  // Mistakes that every JavaScript program may have.
  js.configs.recommended,
  // With types at hand, the linter finds what the compiler lets pass: promises nobody
  // waits for, conditions that are always true, values that turn into “[object Object]”.
  ...ts.configs.strictTypeChecked,
  // Svelte's own traps: keyless lists, state that is not reactive, markup never shown.
  ...svelte.configs.recommended,
  // Words stand in the message files, or one of the two languages misses them.
  house,
  {
    languageOptions: {
      globals: globals.browser,
      parserOptions: {
        projectService: true,
        extraFileExtensions: ['.svelte'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // In the preset too; house rule 16 asks for both, whatever the preset becomes.
      // `any` switches the compiler off for all that it touches; a promise that nobody
      // waits for loses its error.
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      // A type's import costs nothing at run time and says so: without the word, a
      // module like livekit-client could slip into the first load of the page.
      '@typescript-eslint/consistent-type-imports': 'error',
      // A new event, failure or ending must be met at every switch over its kind, or be
      // waved through by a `default` that somebody wrote on purpose.
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // Numbers in template strings are what ids, sizes and clocks are made of.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `() => send(x)` as a listener is the usual short form.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // A file says what it is for by its names: imports stay greppable.
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
      ],
      // House rule 1: what is longer has two purposes. Comments and blank lines are no
      // length in a function, so that nobody saves them.
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      // `==` turns values into others first; '' and 0 are names and counts here.
      eqeqeq: 'error',
      // Nobody reads a pupil's console, and what is said there may be a name.
      'no-console': 'error',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
    rules: {
      // Only markup speaks to people; see lint/hard-coded-text.js.
      'house/hard-coded-text': 'error',
      // Svelte's markup functions are not functions of ours.
      'max-lines-per-function': 'off',
      // Reads of runes look like constants to the type checker.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // The page has no base path, and routes are the history's business.
      'svelte/no-navigation-without-resolve': 'off',
    },
  },
  {
    files: ['*.js', '*.ts', 'lint/*.js', 'e2e/*.ts', 'bench/*.ts'],
    languageOptions: { globals: globals.node },
    // Tools ask for a default export.
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    // Configurations and lint rules: plain JavaScript, for which there are no types to ask.
    files: ['**/*.js'],
    ...ts.configs.disableTypeChecked,
  },
  {
    files: ['**/*.test.ts', 'e2e/*.e2e.ts', 'bench/*.bench.ts'],
    rules: {
      // A describe block is a list of examples, not a function.
      'max-lines-per-function': 'off',
      // In a test, what is not there fails it at once: that is the test.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // `expect(fake.method)` names a method without calling it.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
)
