import { readFile } from 'node:fs/promises'
import type { BrowserContext, Page } from 'playwright-core'
import { signed } from '../e2e/bare.ts'
import type { BareWindow } from '../e2e/bare.ts'

/** A server and the key that signs its tokens. */
export interface Door {
  readonly url: string
  readonly key: string
  readonly secret: string
}

/** A host that only exists in the browser: its page costs the weak link nothing. */
const origin = 'http://localhost'

const root = new URL('..', import.meta.url)

/** Opens the page that knows livekit-client and nothing else. */
export async function openBare(context: BrowserContext, page: Page): Promise<void> {
  const [html, client] = await Promise.all([
    readFile(new URL('e2e/bare.html', root), 'utf8'),
    readFile(new URL('node_modules/livekit-client/dist/livekit-client.umd.js', root), 'utf8'),
  ])
  await context.route(`${origin}/**`, (route) =>
    route.request().url().endsWith('/livekit-client.js')
      ? route.fulfill({ contentType: 'text/javascript', body: client })
      : route.fulfill({ contentType: 'text/html', body: html }),
  )
  await page.goto(`${origin}/`)
}

/** Connects with everything at livekit-client's defaults, and says how long that took, in ms. */
export async function connectBare(page: Page, door: Door, identity: string): Promise<number> {
  const claims = { sub: identity, name: identity, video: { room: 'bench', roomJoin: true } }
  return page.evaluate(
    async ([url, jwt]) => {
      const here = window as unknown as BareWindow
      const room = new here.LivekitClient.Room()
      here.room = room
      here.events = []
      for (const event of ['reconnecting', 'signalReconnecting', 'disconnected'] as const)
        room.on(event, () => here.events.push(event))
      room.on('trackSubscribed', (track) => document.body.append(track.attach()))
      room.on('trackUnsubscribed', (track) => {
        for (const element of track.detach()) element.remove()
      })
      const clicked = performance.now()
      await room.connect(url, jwt)
      return performance.now() - clicked
    },
    [door.url, signed(claims, door.key, door.secret)] as const,
  )
}

/** The teacher's camera at 1280×720, 15 frames a second, in simulcast, and microphone. */
export const publishBare = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const { room } = window as unknown as BareWindow
    await room.localParticipant.setMicrophoneEnabled(true)
    await room.localParticipant.setCameraEnabled(true, {
      resolution: { width: 1280, height: 720, frameRate: 15 },
    })
  })
