import { describe, expect, it } from 'vitest'
import { concealedShare, figures } from './figures.ts'
import { nameOf, rows } from './goals.ts'
import { perSecond, picture, rung } from './picture.ts'
import { type Reading, readings } from './readings.ts'
import { table, verdict } from './table.ts'
import type { Entry, Snapshot } from './watch.ts'

const second = 1000
const click = 1_000_000

/** The browser's statistics of a pupil, a second after the other, from what has come by then. */
const pupil = (at: number, audio: object, video: object = {}, pair: object = {}): Snapshot => ({
  at: click + at * second,
  entries: [
    { id: '0/t', type: 'transport', selectedCandidatePairId: '0/p', bytesReceived: at * 5000 },
    { id: '0/p', type: 'candidate-pair', bytesReceived: at * 5000, ...pair },
    { id: '0/idle', type: 'candidate-pair', responsesReceived: at, totalRoundTripTime: at * 9 },
    { id: '0/a', type: 'inbound-rtp', kind: 'audio', ...audio },
    { id: '0/v', type: 'inbound-rtp', kind: 'video', frameWidth: 640, frameHeight: 360, ...video },
  ] satisfies Entry[],
})

const sound = (seconds: number, invented = 0) => ({
  totalSamplesReceived: seconds * 48_000,
  jitterBufferEmittedCount: (seconds - invented) * 48_000,
  jitterBufferDelay: (seconds - invented) * 48_000 * 0.06,
  concealedSamples: invented * 48_000,
  packetsReceived: (seconds - invented) * 50,
  bytesReceived: (seconds - invented) * 4000,
})

describe('readings', () => {
  it('take the round trip of the selected pair, where it was measured', () => {
    const seen = readings([
      pupil(1, sound(1), {}, { responsesReceived: 2, totalRoundTripTime: 0.2 }),
      pupil(2, sound(2), {}, { responsesReceived: 2, totalRoundTripTime: 0.2 }),
      pupil(3, sound(3), {}, { responsesReceived: 3, totalRoundTripTime: 0.5 }),
    ])
    expect(seen.map((r) => r.roundTrip && Math.round(r.roundTrip))).toEqual([100, undefined, 300])
  })

  it('go on where a connection is made anew, and leave out what played before the first packet', () => {
    const silent = { totalSamplesReceived: 96_000, concealedSamples: 96_000 }
    const anew = pupil(4, {}).entries.map((e) => ({
      ...e,
      id: e.id.replace('0', '1'),
      ...sound(1),
    }))
    const seen = readings([
      pupil(1, silent),
      pupil(2, sound(2)),
      pupil(3, sound(3)),
      { at: click + 4 * second, entries: anew.filter((e) => e.type === 'inbound-rtp') },
    ])
    expect(seen.map((r) => r.audio.samples)).toEqual([0, 0, 48_000, 48_000])
    expect(seen.map((r) => r.audio.packets)).toEqual([0, 100, 150, 200])
  })

  it('count frames of the widest layer that is being sent', () => {
    const layer = (rid: string, frameWidth: number, framesSent: number): Entry => ({
      ...{ id: rid, type: 'outbound-rtp', kind: 'video', frameWidth, framesSent },
    })
    const seen = readings([
      { at: 0, entries: [layer('q', 320, 10), layer('f', 1280, 5)] },
      { at: 1, entries: [layer('q', 320, 20), layer('f', 1280, 5)] },
      { at: 2, entries: [layer('q', 320, 30), layer('f', 1280, 9)] },
    ])
    expect(seen.map((r) => [r.sent.width, r.sent.frames])).toEqual([
      [1280, 5],
      [320, 15],
      [1280, 19],
    ])
  })
})

/** A drop after 5 s, back after 10: two seconds of silence, a slow pair, a small picture till 13. */
const dropped = (): readonly Reading[] => {
  const invented = (at: number) => Math.min(Math.max(at - 5, 0), 2)
  const width = (at: number) => (at > 5 && at < 13 ? 320 : 1280)
  const trip = (at: number) => (at > 5 && at < 11 ? 2 : 0.3) // what comes at 10 began at 8
  let waited = 0
  return readings(
    Array.from({ length: 15 }, (_, i) => i + 1).map((at) => {
      waited += trip(at)
      const video = { framesDecoded: at * 15, frameWidth: width(at), frameHeight: width(at) / 2 }
      const pair = { responsesReceived: at, totalRoundTripTime: waited }
      return pupil(at, sound(at, invented(at)), video, pair)
    }),
  )
}

const story = {
  clicked: click,
  joined: click + second / 2,
  changes: [click + 5 * second, click + 10 * second],
}

describe('figures', () => {
  it('tell a drop', () => {
    const f = figures({ story, pupil: dropped(), teacher: [] })
    expect(f).toMatchObject({ join: 0.5, sound: 1, frames: 15, width: 1280, blind: 1 })
    expect(f.concealed).toBeCloseTo((2 / 14) * 100)
    expect(f.change).toMatchObject({ silence: 2, voiceBack: 1, pictureBack: 3 })
    expect(f.change?.roundTripAfter).toBeCloseTo(300)
  })

  it('take a vanished stream for silence', () => {
    const gone = { at: click + 5 * second, entries: [] }
    const seen = readings([pupil(1, sound(1)), pupil(3, sound(3)), gone])
    expect(concealedShare(seen)).toBeCloseTo(0.5)
    const changes = [click + 3 * second, click + 5 * second]
    const f = figures({ story: { ...story, changes }, pupil: seen, teacher: [] })
    expect(f.change).toMatchObject({ silence: 2, voiceBack: undefined })
  })
})

describe('the report', () => {
  const drop = rows.find((r) => nameOf(r) === 'drop')!

  it('names each goal that is missed, and one of which nothing was seen', () => {
    const f = figures({ story, pupil: dropped(), teacher: [] })
    expect(verdict(drop, f)).toBe('reached')
    const change = { ...f.change!, silence: 2.6, pictureBack: undefined }
    expect(verdict(drop, { ...f, change })).toBe(
      '**not reached**: silence ≤ 2.5 s; picture back ≤ 10 s',
    )
  })

  it('has one line a row, that of a failed run included', () => {
    const bench = { commit: 'c', machine: 'm', browser: 'b', server: 's', page: 'p' }
    const text = table({ ...bench, date: 'd' }, 'l', [
      { row: drop, figures: figures({ story, pupil: dropped(), teacher: [] }) },
      { row: drop, error: 'no way' },
    ])
    const lines = text.split('\n').filter((l) => l.startsWith('| drop'))
    expect(lines).toHaveLength(2)
    for (const l of lines) expect(l.split(' | ')).toHaveLength(11)
  })

  it('keeps one reading a second, and a width though no frame came in its last quarter', () => {
    const [a, b] = dropped()
    const still = { ...a!, at: a!.at + 250, video: { ...a!.video, width: 0, height: 0 } }
    expect(perSecond([a!, still, b!]).map((r) => r.video.width)).toEqual([1280, 1280])
    expect(rung(a!, b!)).toBe(2)
  })

  it('draws six strips', () => {
    const drawn = picture('a < b', story, dropped(), dropped())
    expect(drawn).toContain('a &lt; b')
    expect(drawn.match(/<polyline/g)).toHaveLength(8)
    expect(drawn).not.toContain('NaN')
  })
})
