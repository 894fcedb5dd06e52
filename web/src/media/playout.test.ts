import { expect, it } from 'vitest'
import { PlayoutDelay } from './playout'

/** Feeds samples of 100 packets every two seconds, so many of them lost. */
function feed(p: PlayoutDelay, lost: readonly number[], roundTrip: number, from = 0): number[] {
  let total = { received: from * 100, lost: 0 }
  return lost.map((n, i) => {
    total = { received: total.received + 100, lost: total.lost + n }
    return p.next({ ...total, roundTrip }, (from + i) * 2_000)
  })
}

it('waits for nothing where nothing is lost', () => {
  expect(feed(new PlayoutDelay(), [0, 0, 0, 0], 0.08)).toEqual([0, 0, 0, 0])
})

it('waits from the beginning where the server is far away, until nothing is lost for a minute', () => {
  const quiet = Array<number>(33).fill(0)
  const delays = feed(new PlayoutDelay(), quiet, 0.65)
  expect(delays.slice(0, 4)).toEqual([0.15, 0.55, expect.closeTo(0.9), expect.closeTo(0.9)])
  expect(delays[25]).toBeCloseTo(0.9)
  expect(delays.at(-1)).toBe(0)
})

it('learns how far the server is when that is known', () => {
  const p = new PlayoutDelay()
  const nothing = { received: 0, lost: 0, roundTrip: 0 }
  expect(p.next(nothing, 0)).toBe(0)
  expect(p.next({ ...nothing, roundTrip: 0.65 }, 400)).toBe(0.15)
  const near = new PlayoutDelay()
  near.next({ ...nothing, roundTrip: 0.04 }, 0)
  expect(near.next({ ...nothing, received: 5, roundTrip: 0.3 }, 400), 'a moment of haste').toBe(0)
})

it('does not wait for a hundred packets where several were lost', () => {
  const p = new PlayoutDelay()
  p.next({ received: 200, lost: 0, roundTrip: 0.08 }, 0)
  expect(p.next({ received: 220, lost: 2, roundTrip: 0.08 }, 400)).toBe(0)
  expect(p.next({ received: 240, lost: 3, roundTrip: 0.08 }, 800)).toBe(0.15)
  expect(p.next({ received: 260, lost: 3, roundTrip: 0.08 }, 1_200)).toBeCloseTo(0.216)
})

it('waits from the first loss on when that is among the first packets', () => {
  const p = new PlayoutDelay()
  expect(p.next({ received: 12, lost: 1, roundTrip: 0.08 }, 0)).toBe(0.15)
  const steady = new PlayoutDelay()
  steady.next({ received: 90, lost: 0, roundTrip: 0.08 }, 0)
  expect(steady.next({ received: 390, lost: 1, roundTrip: 0.08 }, 6_000)).toBe(0)
})

it('waits for the repair of what is lost, a second at most or so', () => {
  const after = (roundTrip: number) =>
    feed(new PlayoutDelay(), [0, 5, 5, 5, 5, 5], roundTrip).at(-1)
  expect(after(0.02)).toBe(0.15)
  expect(after(0.1)).toBeCloseTo(0.24)
  expect(after(0.65)).toBeCloseTo(0.9)
  expect(after(3)).toBe(1.2)
})

it('does not change its mind with each sample', () => {
  const p = new PlayoutDelay()
  feed(p, [0, 5, 5, 5], 0.5)
  expect(feed(p, [0, 5, 0, 5, 0], 0.45, 4)).toEqual([0.72, 0.72, 0.72, 0.72, 0.72])
})

it('catches up after a minute without loss', () => {
  const p = new PlayoutDelay()
  expect(feed(p, [0, 5, ...Array<number>(35).fill(0)], 0.5).slice(-4)).toEqual([0, 0, 0, 0])
})

it('begins anew with another stream', () => {
  const p = new PlayoutDelay()
  feed(p, [0, 0, 0], 0.08)
  expect(p.next({ received: 10, lost: 0, roundTrip: 0.08 }, 9_000)).toBe(0)
})
