import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  type BarePage,
  BareSite,
  type BareWindow,
  hearsAndSeesBare,
  joinBare,
  seesIn,
} from './bare.ts'
import { TestBrowser } from './browser.ts'
import { Server } from './server.ts'

// The unmodified livekit-client on a page that knows nothing of Préau.

let server: Server
let browser: TestBrowser
let site: BareSite

beforeAll(async () => {
  server = await Server.start()
  browser = await TestBrowser.launch()
  site = await BareSite.start()
})

afterEach(() => browser.closePeople())

afterAll(async () => {
  await browser.close()
  site.stop()
  await server.stop()
})

const connection = (page: BarePage) =>
  page.evaluate(
    () =>
      (window as unknown as { room: { engine: { pcManager?: { mode?: string } } } }).room.engine
        .pcManager?.mode,
    null,
  )

describe.each([
  ['one peer connection', true],
  ['two peer connections', false],
])('livekit-client with %s', (name, single) => {
  it('joins, publishes, subscribes, sends data', async () => {
    const room = name.replaceAll(' ', '-')
    const ada = await browser.person()
    const bob = await browser.person()
    await joinBare(ada.page, site, server, room, 'ada', { single })
    await joinBare(bob.page, site, server, room, 'bob', { single })
    await hearsAndSeesBare(ada.page, 'ada hears and sees bob')
    await hearsAndSeesBare(bob.page, 'bob hears and sees ada')
    expect(await connection(bob.page)).toBe(single ? 'publisher-only' : 'subscriber-primary')
    await ada.page.evaluate(() =>
      (window as unknown as BareWindow).room.localParticipant.publishData(
        new TextEncoder().encode('bonjour'),
        { reliable: true },
      ),
    )
    await expect
      .poll(() => bob.page.evaluate(() => (window as unknown as BareWindow).heard))
      .toEqual(['bonjour'])
    await ada.close()
    await expect
      .poll(() =>
        bob.page.evaluate(() => (window as unknown as BareWindow).room.remoteParticipants.size),
      )
      .toBe(0)
  })

  it.each([
    ['h264', {}],
    ['vp9', { scalabilityMode: 'L1T3' }],
    ['av1', { scalabilityMode: 'L1T3' }],
  ] as const)('shows a picture in %s', async (videoCodec, more) => {
    const room = `${name.replaceAll(' ', '-')}-${videoCodec}`
    const ada = await browser.person()
    const bob = await browser.person()
    const options = { single, publish: { videoCodec, backupCodec: false, ...more } }
    await joinBare(ada.page, site, server, room, 'ada', options)
    await joinBare(bob.page, site, server, room, 'bob', options)
    await seesIn(bob.page, `video/${videoCodec}`, `bob sees ${videoCodec}`)
  })
})
