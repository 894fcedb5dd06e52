import { describe, expect, it } from 'vitest'
import { settle } from './slots'

describe('places in the strip', () => {
  it('are taken in the order of coming', () => {
    expect(settle([], ['a', 'b'])).toEqual(['a', 'b'])
  })

  it('are kept when somebody else goes', () => {
    expect(settle(['a', 'b', 'c'], ['a', 'c'])).toEqual(['a', undefined, 'c'])
  })

  it('are given to the next who comes', () => {
    expect(settle(['a', undefined, 'c'], ['a', 'c', 'd'])).toEqual(['a', 'd', 'c'])
  })

  it('end with the last who is there', () => {
    expect(settle(['a', 'b', 'c'], ['a'])).toEqual(['a'])
  })
})
