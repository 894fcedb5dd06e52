import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type BarePage, BareSite, type BareWindow, joinBare } from './bare.ts'
import { type Person, TestBrowser } from './browser.ts'
import { enter, isOn } from './people.ts'
import { program, Server } from './server.ts'

// A teacher's page and a pupil's link that carries less than the ordinary voice.

let server: Server
let browser: TestBrowser
let site: BareSite

beforeAll(async () => {
  server = await Server.start()
  browser = await TestBrowser.launch()
  site = await BareSite.start()
})

afterAll(async () => {
  await browser.close()
  site.stop()
  await server.stop()
})

it('hears the teacher in the low rendition, as the same track, and again in the ordinary one', async () => {
  const teacher = await browser.person()
  await teacher.page.goto(await teachersLink('fil'))
  await enter(teacher, 'Mme Leroy')
  await expect.poll(() => isOn(teacher, 'bar-mic')).toBe(true)
  await expect
    .poll(() => framesSent(teacher), {
      interval: 1_500,
      message: 'frames a second that the teacher sends: of 20 ms, and of 60',
    })
    .toEqual(['long', 'short'])
  const { page: pupil } = await browser.person()
  await joinBare(pupil, site, server, 'fil', 'amina', { single: true })
  await hearsAtPace(pupil, 'short')
  await limit(pupil, 30_000)
  await hearsAtPace(pupil, 'long')
  await limit(pupil, 0)
  await hearsAtPace(pupil, 'short')
  const tracks = await pupil.evaluate(
    () =>
      [...(window as unknown as BareWindow).room.remoteParticipants.values()].map(
        (p) => p.audioTrackPublications.size,
      ),
    null,
  )
  expect(tracks, 'the voice is one track').toEqual([1])
})

async function teachersLink(name: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, [
    ...['link', '--dev', '--no-lobby', '--class', name, '--url', server.url],
  ])
  return /^teacher: +(\S+)$/m.exec(stdout)?.[1] ?? ''
}

type Pace = 'none' | 'long' | 'short'

/** Of packets a second: 50 of 20 ms, 17 of 60 ms. */
function pace(packets: number): Pace {
  if (packets < 5) return 'none'
  return packets < 28 ? 'long' : 'short'
}

interface Counted {
  type: string
  kind?: string
  id: string
  timestamp: number
  packetsSent?: number
  packetsReceived?: number
}

/** Streams of sound by their packets so far. */
const counted = (page: BarePage, type: string): Promise<Counted[]> =>
  page.evaluate(async (wanted) => {
    const found: Counted[] = []
    const here = window as unknown as BareWindow
    for (const pc of here.allConnections) {
      ;(await pc.getStats()).forEach((s: Counted) => {
        if (s.type === wanted && s.kind === 'audio') found.push(s)
      })
    }
    return found
  }, type)

async function paces(page: BarePage, type: string): Promise<Pace[]> {
  const before = await counted(page, type)
  await new Promise((resolve) => setTimeout(resolve, 1_000)) // a rate needs a stretch of time
  const packets = (s: Counted | undefined) => s?.packetsSent ?? s?.packetsReceived ?? 0
  return (await counted(page, type)).map((now) => {
    const was = before.find((s) => s.id === now.id)
    const seconds = was ? (now.timestamp - was.timestamp) / 1000 : 1
    return pace((packets(now) - packets(was)) / seconds)
  })
}

const framesSent = async (teacher: Person): Promise<Pace[]> =>
  (await paces(teacher.page, 'outbound-rtp')).sort()

async function hearsAtPace(page: BarePage, wanted: Pace): Promise<void> {
  await expect
    .poll(() => paces(page, 'inbound-rtp'), {
      message: `hears in ${wanted} frames`,
    })
    .toContain(wanted)
}

const limit = (page: BarePage, bits: number): Promise<void> =>
  page.evaluate(
    (bps) => (window as unknown as BareWindow).room.simulateScenario('subscriber-bandwidth', bps),
    bits,
  )
