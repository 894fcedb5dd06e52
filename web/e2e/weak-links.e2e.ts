import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Figures, figures } from '../bench/figures.ts'
import { hold, type Lesson } from '../bench/lesson.ts'

// The short form of `make bench-links`. Its bounds are for a busy machine: what falls through them
// is a voice that gets lost, a picture that never comes back. The goals are the bench's.

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'preau-links-'))
})

afterAll(() => rm(directory, { recursive: true, force: true }))

async function seen(lesson: Lesson): Promise<Figures> {
  const found = figures(await hold(lesson))
  // Otherwise what is said below would not be about the link.
  expect(found.sentFrames, 'frames that the teacher sends').toBeGreaterThan(1)
  return found
}

describe('a pupil', () => {
  it('hears everything and sees most of what is sent, on a good link', async () => {
    const found = await seen({ profile: 'good', seconds: 10 })
    expect(found.sound, 'seconds to the first sound').toBeLessThan(8)
    expect(found.concealed, 'per cent concealed').toBeLessThan(10)
    expect(found.roundTrip, 'round trip, of 40 ms').toBeLessThan(160)
    expect(found.frames / found.sentFrames, 'part of the frames').toBeGreaterThan(0.5)
  })

  it('hears most of the voice on EDGE', async () => {
    const found = await seen({ profile: 'edge', seconds: 15 })
    expect(found.sound, 'seconds to the first sound').toBeLessThan(20)
    expect(found.concealed, 'per cent concealed').toBeLessThan(50)
    expect(found.roundTrip, 'round trip, of 650 ms').toBeLessThan(2600)
  })

  it('hears on when the link drops, and has the old picture soon after', async () => {
    const trace = join(directory, 'drop')
    await writeFile(trace, ['0 1200', '12 100', '18 1200', '300 1200'].join('\n'))
    const flags = ['--trace-down', trace]
    const found = await seen({ profile: 'drop', seconds: 10, flags, changes: [12, 18] })
    expect(found.concealed, 'per cent concealed').toBeLessThan(50)
    expect(found.change?.silence, 'seconds of silence').toBeLessThan(6)
    expect(found.change?.voiceBack, 'seconds to the voice').toBeLessThan(5)
    expect(found.change?.pictureBack, 'seconds to the picture').toBeLessThan(10)
  })
})
