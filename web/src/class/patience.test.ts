import { describe, expect, it } from 'vitest'
import { backoff } from './backoff'
import { answerPatience, openPatience } from './patience'

describe('an attempt is cut', () => {
  it.each([
    ['after ten seconds, the link unknown', undefined, 0, 10_000],
    ['soon on a good link', 40, 0, 4_000],
    ['on EDGE after twelve round trips', 650, 0, 8_200],
    ['later, once one was cut', 650, 1, 12_300],
    ['after fifteen seconds at most', 2_300, 9, 15_000],
  ])('%s', (_, roundTrip, attempt, patience) =>
    expect(openPatience(roundTrip, attempt)).toBe(patience),
  )
})

it.each([
  [undefined, 4_500],
  [40, 1_620],
  [650, 3_450],
  [4_000, 6_000],
])('over a round trip of %s ms a changed network is given %d ms', (roundTrip, patience) =>
  expect(answerPatience(roundTrip)).toBe(patience),
)

it('two attempts are never more than two seconds apart, nor together', () => {
  const waits = Array.from({ length: 40 }, (_, attempt) => backoff(attempt, 1))
  expect(Math.max(...waits)).toBe(2_000)
  expect(backoff(0, 0)).toBe(150)
  expect(backoff(20, 0)).toBe(1_000)
})
