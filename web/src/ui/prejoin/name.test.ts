import { expect, it } from 'vitest'
import { nameProblem } from './name'

it.each([
  ['Amina', undefined],
  ['  Jean-Étienne d’Arc ', undefined],
  ['محمد', undefined],
  ['👩🏽‍🔬', undefined],
  ['   ', 'missing'],
  ['x'.repeat(65), 'long'],
  ['😀'.repeat(64), undefined],
  ['Léo\u202e', 'invalid'],
  ['a\u0007b', 'invalid'],
])('%s', (name, problem) => {
  expect(nameProblem(name)).toBe(problem)
})
