import { describe, expect, it } from 'vitest'
import { entryOf, typedCode } from './code'

describe('a code being typed', () => {
  it.each([
    ['abcd-ef2o', 'ABCD-EF20'],
    [' il0O 1 ', '1100-1'],
    ['ABCD-EFGH-JKMN', 'ABCD-EFGH'],
    ['abc', 'ABC'],
    ['abcd', 'ABCD'],
    ['abcde', 'ABCD-E'],
  ])('%s', (typed, shown) => {
    expect(typedCode(typed)).toBe(shown)
  })
})

describe('what was typed', () => {
  const here = 'https://class.example.org'

  it.each([
    ['abcd-efgh', { kind: 'code', code: 'ABCDEFGH' }],
    ['abcd', { kind: 'short' }],
    ['', { kind: 'short' }],
    [`${here}/c/ABCD-EFGH`, { kind: 'code', code: 'ABCDEFGH' }],
    ['class.example.org/c/abcdefgh/', { kind: 'code', code: 'ABCDEFGH' }],
    ['https://elsewhere.example.org/c/ABCDEFGH', { kind: 'foreign' }],
    [`${here}/c/AB`, { kind: 'foreign' }],
    [`${here}/join`, { kind: 'foreign' }],
    ['javascript:alert(1)', { kind: 'foreign' }],
  ])('%s', (typed, entry) => {
    expect(entryOf(typed, here)).toEqual(entry)
  })

  it('may be an invitation', () => {
    expect(entryOf(`${here}/join#i=abc`, here)).toMatchObject({ kind: 'link' })
  })
})
