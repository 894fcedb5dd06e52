// The house rules of the page, as lint rules. Each departure from a preset
// says why.
import js from '@eslint/js'
import svelte from 'eslint-plugin-svelte'
import globals from 'globals'
import ts from 'typescript-eslint'
import { hardCodedText } from './lint/hard-coded-text.js'
import svelteConfig from './svelte.config.js'

const house = { plugins: { house: { rules: { 'hard-coded-text': hardCodedText } } } }

export default ts.config(
  { ignores: ['dist', 'node_modules', 'src/gen', 'src/paraglide', 'project.inlang'] },
  js.configs.recommended,
  ...ts.configs.strictTypeChecked,
  ...svelte.configs.recommended,
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
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
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
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
    rules: {
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
    files: ['*.js', '*.ts', 'lint/*.js', 'e2e/*.ts'],
    languageOptions: { globals: globals.node },
    // Tools ask for a default export.
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.js'],
    ...ts.configs.disableTypeChecked,
  },
  {
    files: ['**/*.test.ts', 'e2e/*.e2e.ts'],
    rules: {
      // A describe block is a list of examples, not a function.
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
)
