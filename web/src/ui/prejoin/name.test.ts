import { expect, it } from 'vitest'
import { nameProblem } from './name'

it.each([
  ['Amina', undefined],
  ['  Jean-Étienne d’Arc ', undefined],
  ['محمد', undefined],
  ['👩🏽‍🔬', undefined],
  ['   ', 'missing'],
  ['\u200b', 'missing'],
  ['\u2060 \u3164', 'missing'],
  ['\u2800\ufe0f', 'missing'],
  ['Zoé\u200b', undefined],
  ['x'.repeat(65), 'long'],
  ['😀'.repeat(64), undefined],
  ['Léo\u202e', 'invalid'],
  ['a\u0007b', 'invalid'],
])('%s', (name, problem) => {
  expect(nameProblem(name)).toBe(problem)
})
