import { describe, expect, it } from 'vitest'
import { decode, encode, linkState, Reporter, Reports } from './report'

describe('a report', () => {
  it.each([
    [40, 40],
    [3.9, 3],
    [-5, 0],
    [1e9, 86_400],
  ])('of %d s is read as %d s', (said, read) => expect(decode(encode(said))).toBe(read))

  it.each([[[]], [[1]], [[0, 0, 0, 40, 0]], [[255, 255, 255, 255]]])(
    'of the bytes %j is none',
    (bytes) => expect(decode(new Uint8Array(bytes))).toBeUndefined(),
  )

  it('is read where it stands in a larger buffer', () =>
    expect(decode(new Uint8Array([9, 0, 0, 0, 7, 9]).subarray(1, 5))).toBe(7))
})

describe('what was said', () => {
  const reports = new Reports()

  it('holds for half a minute, until it is taken back', () => {
    reports.take('amina', encode(40), 0)
    expect(reports.without('amina', 29_999)).toBe(40)
    expect(reports.without('amina', 30_000)).toBe(0)
    reports.take('amina', encode(70), 30_000)
    expect(reports.without('amina', 31_000)).toBe(70)
    reports.take('amina', new Uint8Array([1]), 31_500)
    expect(reports.without('amina', 31_500)).toBe(70)
    reports.take('amina', encode(0), 32_000)
    expect(reports.without('amina', 32_000)).toBe(0)
  })

  it('holds for nobody else', () => {
    reports.take('amina', encode(40), 0)
    expect(reports.without('leo', 0)).toBe(0)
  })
})

it('is said after three seconds, every ten, and once when pictures are back', () => {
  const reporter = new Reporter()
  const said: [number, number][] = []
  for (let second = 0; second <= 30; second++) {
    const answer = reporter.look(second >= 2 && second < 27, second * 1_000)
    if (answer !== undefined) said.push([second, answer])
  }
  expect(said).toEqual([
    [5, 3],
    [15, 13],
    [25, 23],
    [27, 0],
  ])
})

it('says nothing of a short gap', () => {
  const reporter = new Reporter()
  expect([0, 1, 2, 3].map((s) => reporter.look(s < 2, s * 1_000))).toEqual(Array(4).fill(undefined))
})

it.each([
  [true, 'good', 40, { kind: 'lost' }],
  [false, 'lost', 40, { kind: 'lost' }],
  [false, 'weak', 40, { kind: 'without', seconds: 40 }],
  [false, 'weak', 0, { kind: 'weak' }],
  [false, 'unknown', 0, { kind: 'good' }],
] as const)('away %s, %s, %d s: %j', (away, quality, seconds, state) =>
  expect(linkState(away, quality, seconds)).toEqual(state),
)
