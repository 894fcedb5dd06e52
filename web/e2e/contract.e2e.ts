import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  type BarePage,
  BareSite,
  type BareWindow,
  decoded,
  events,
  hearsAndSeesBare,
  hearsBare,
  joinBare,
  type JoinOptions,
  receivedBare,
  seesIn,
  signed,
} from './bare.ts'
import { TestBrowser } from './browser.ts'
import { Firefox } from './firefox.ts'
import { Network } from './network.ts'
import { growing } from './received.ts'
import { Server } from './server.ts'

// The unmodified livekit-client in Chromium and in Firefox, in one class: each is the other's proof.

let network: Network
let server: Server
let chromium: TestBrowser
let firefox: Firefox
let site: BareSite
let rooms = 0

beforeAll(async () => {
  network = await Network.make()
  server = await Server.start(network)
  chromium = await TestBrowser.launch()
  firefox = await Firefox.launch()
  site = await BareSite.start()
})

afterEach(async () => {
  await chromium.closePeople()
  await firefox.closePages()
})

afterAll(async () => {
  await chromium.close()
  await firefox.close()
  site.stop()
  await server.stop()
  await network.close()
})

interface Pair {
  readonly ada: BarePage // in Chromium
  readonly bob: BarePage // in Firefox
}

async function pair(
  options: JoinOptions,
  bobs: JoinOptions = options,
  browser = firefox,
): Promise<Pair> {
  const room = `contract-${String(rooms++)}`
  const ada = (await chromium.person()).page
  const bob = await browser.page()
  await joinBare(ada, site, server, room, 'ada', options)
  await joinBare(bob, site, server, room, 'bob', bobs)
  return { ada, bob }
}

async function bothWays({ ada, bob }: Pair): Promise<void> {
  await hearsAndSeesBare(ada, 'Chromium hears and sees Firefox')
  await hearsAndSeesBare(bob, 'Firefox hears and sees Chromium')
}

/** How many pictures are decoded within three seconds. */
async function pictures(page: BarePage): Promise<number> {
  const before = await decoded(page, 'video/vp8')
  await delay(3_000)
  return (await decoded(page, 'video/vp8')) - before
}

/** Asks for so many frames a second of everybody's camera. */
const askFrames = (page: BarePage, fps: number): Promise<void> =>
  page.evaluate((wanted) => {
    for (const person of (window as unknown as BareWindow).room.remoteParticipants.values())
      for (const camera of person.videoTrackPublications.values()) camera.setVideoFPS(wanted)
  }, fps)

const lastRoom = () => `contract-${String(rooms - 1)}`

/** Moves a participant as any server SDK would. */
async function move(room: string, identity: string, destinationRoom: string): Promise<void> {
  const response = await fetch(`${server.url}/twirp/livekit.RoomService/MoveParticipant`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${signed({ video: { room, roomAdmin: true, destinationRoom } })}`,
    },
    body: JSON.stringify({ room, identity, destinationRoom }),
  })
  expect(response.status, await response.text()).toBe(200)
}

const roomName = (page: BarePage) =>
  page.evaluate(() => (window as unknown as BareWindow).room.name, null)

const ownSid = (page: BarePage) =>
  page.evaluate(() => (window as unknown as BareWindow).room.localParticipant.sid, null)

/** Whether every publication of the others is encrypted, as far as the client knows. */
const allEncrypted = (page: BarePage) =>
  page.evaluate(() => {
    const others = [...(window as unknown as BareWindow).room.remoteParticipants.values()]
    const tracks = others.flatMap((other) => [...other.trackPublications.values()])
    return tracks.length > 0 && tracks.every((track) => track.isEncrypted)
  }, null)

/** Waits until nothing at all comes in any more. */
async function silent(page: BarePage, message: string): Promise<void> {
  let before = await receivedBare(page)
  await expect
    .poll(
      async () => {
        const now = await receivedBare(page)
        const grew = growing(before.audio, now.audio) + growing(before.frames, now.frames)
        before = now
        return grew
      },
      { interval: 1_000, message },
    )
    .toBe(0)
}

describe.each([
  ['one peer connection', true],
  ['two peer connections', false],
])('Chromium and Firefox with %s', (_, single) => {
  it('hear and see each other in VP8', async () => {
    const both = await pair({ single, publish: { videoCodec: 'vp8' } })
    await bothWays(both)
    await seesIn(both.ada, 'video/vp8', 'Chromium decodes VP8')
    await seesIn(both.bob, 'video/vp8', 'Firefox decodes VP8')
  })

  // Only the frames of the lowest temporal layer are passed on: a decoder must not miss the others.
  // What is passed on does not depend on how many connections there are: once is enough.
  it.runIf(single)('see a slower picture where one asks for it, and the whole again', async () => {
    const { bob } = await pair({ single, publish: { videoCodec: 'vp8' } })
    await hearsAndSeesBare(bob, 'Firefox hears and sees Chromium')
    const fast = await pictures(bob)
    await askFrames(bob, 2)
    await expect.poll(() => pictures(bob)).toBeLessThan(0.6 * fast)
    expect(await pictures(bob), 'it goes on').toBeGreaterThan(0)
    await askFrames(bob, 30)
    await expect.poll(() => pictures(bob)).toBeGreaterThan(0.8 * fast)
  })

  // A Firefox that has not downloaded its plugin yet must hear the voice of one who shows a picture
  // it cannot decode, while that one sees it.
  it('hear each other where one publishes H.264', async () => {
    const { ada, bob } = await pair(
      { single, publish: { videoCodec: 'h264' } },
      { single, publish: { videoCodec: 'vp8' } },
    )
    await hearsAndSeesBare(ada, 'the publisher of H.264 hears and sees Firefox')
    await hearsBare(bob, 'Firefox hears the publisher of H.264')
  })

  it('find each other again after the server was killed and started again', async () => {
    const both = await pair({ single })
    await bothWays(both)
    await server.crash()
    await server.restart()
    for (const page of [both.ada, both.bob])
      await expect
        .poll(() => events(page), { timeout: 90_000, interval: 500 })
        .toContain('reconnected')
    await bothWays(both)
    for (const page of [both.ada, both.bob])
      expect(await events(page)).not.toContain('disconnected')
  })

  it('are moved to a break-out room and meet again there', async () => {
    const both = await pair({ single })
    await bothWays(both)
    const room = lastRoom()
    for (const identity of ['ada', 'bob']) await move(room, identity, `${room}~1`)
    for (const page of [both.ada, both.bob]) {
      await expect.poll(() => events(page)).toContain('moved')
      expect(await roomName(page)).toBe(`${room}~1`)
    }
    await bothWays(both)
  })

  it('resume after ten seconds without network', async () => {
    const both = await pair({ single })
    await bothWays(both)
    const before = [await ownSid(both.ada), await ownSid(both.bob)]
    await network.unplug()
    await silent(both.ada, 'Chromium hears nothing any more')
    await delay(10_000) // what is tested, not a guess
    await network.plug()
    await bothWays(both)
    expect([await ownSid(both.ada), await ownSid(both.bob)]).toEqual(before)
  })

  it('hear and see each other encrypted end to end', async () => {
    const both = await pair({ single, passphrase: 'sésame' })
    await bothWays(both)
    for (const page of [both.ada, both.bob]) expect(await allEncrypted(page)).toBe(true)
  })
})

describe('Chromium and a Firefox that has H.264', () => {
  let withH264: Firefox

  beforeAll(async () => {
    withH264 = await Firefox.launch('h264')
  })

  afterEach(async () => {
    await withH264.closePages()
  })

  afterAll(async () => {
    await withH264.close()
  })

  it.each([
    ['one peer connection', true],
    ['two peer connections', false],
  ])('hear and see each other in H.264 with %s', async (_, single) => {
    const options: JoinOptions = { single, publish: { videoCodec: 'h264' } }
    const both = await pair(options, options, withH264)
    await bothWays(both)
    await seesIn(both.ada, 'video/h264', 'Chromium decodes H.264')
    await seesIn(both.bob, 'video/h264', 'Firefox decodes H.264')
  })
})
