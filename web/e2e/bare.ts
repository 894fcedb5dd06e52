import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type * as LiveKit from 'livekit-client'
import { expect } from 'vitest'
import { growing, type Received, received } from './received.ts'

/** A page of some browser, as far as these tests need one: Playwright's and Puppeteer's both are. */
export interface BarePage {
  goto(url: string): Promise<unknown>
  evaluate<A, R>(work: (argument: A) => R | Promise<R>, argument: A): Promise<R>
}

/** What the bare page keeps at hand for the test. */
export interface BareWindow {
  LivekitClient: typeof LiveKit
  allConnections: RTCPeerConnection[]
  room: LiveKit.Room
  heard: string[]
  events: string[]
}

const root = new URL('..', import.meta.url)
const client = (name: string) => readFile(new URL(`node_modules/livekit-client/dist/${name}`, root))

/** Serves the bare page, livekit-client and its encryption worker, as any host would. */
export class BareSite {
  private constructor(
    private readonly http: HttpServer,
    readonly origin: string,
  ) {}

  static async start(): Promise<BareSite> {
    const files: Record<string, [string, Buffer]> = {
      '/': ['text/html', await readFile(new URL('bare.html', import.meta.url))],
      '/livekit-client.js': ['text/javascript', await client('livekit-client.umd.js')],
      '/e2ee-worker.js': ['text/javascript', await client('livekit-client.e2ee.worker.js')],
    }
    const http = createServer((request, response) => {
      const file = files[request.url ?? '']
      response
        .writeHead(file ? 200 : 404, { 'content-type': file?.[0] ?? 'text/plain' })
        .end(file?.[1])
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    return new BareSite(http, `http://127.0.0.1:${String((http.address() as AddressInfo).port)}/`)
  }

  stop(): void {
    this.http.close()
    this.http.closeAllConnections()
  }
}

/** Signs like any LiveKit token server (HS256), by default with the key of `preau serve --dev`. */
export function signed(claims: object, key = 'devkey', secret = 'secret'): string {
  const part = (o: object) => Buffer.from(JSON.stringify(o)).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({
    iss: key,
    nbf: now - 5,
    exp: now + 3600,
    ...claims,
  })}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

export const token = (room: string, identity: string): string =>
  signed({ sub: identity, name: identity, video: { room, roomJoin: true } })

export interface JoinOptions {
  readonly single: boolean
  readonly publish?: LiveKit.TrackPublishDefaults
  /** A password: everything is encrypted end to end. */
  readonly passphrase?: string
}

/** Joins by the unmodified client and publishes camera and microphone. */
export async function joinBare(
  page: BarePage,
  site: BareSite,
  server: { readonly url: string },
  room: string,
  identity: string,
  options: JoinOptions,
): Promise<void> {
  await page.goto(site.origin)
  await page.evaluate(
    async ([url, jwt, single, publish, passphrase]) => {
      const here = window as unknown as BareWindow
      const { Room, RoomEvent, ExternalE2EEKeyProvider } = here.LivekitClient
      const keys = passphrase ? new ExternalE2EEKeyProvider() : undefined
      await keys?.setKey(passphrase)
      const room = new Room({
        adaptiveStream: false,
        dynacast: true,
        singlePeerConnection: single,
        publishDefaults: publish,
        ...(keys ? { e2ee: { keyProvider: keys, worker: new Worker('/e2ee-worker.js') } } : {}),
      })
      here.room = room
      here.heard = []
      here.events = []
      for (const event of [
        RoomEvent.SignalReconnecting,
        RoomEvent.Reconnecting,
        RoomEvent.Reconnected,
        RoomEvent.Disconnected,
        RoomEvent.Moved,
      ] as const)
        room.on(event as 'reconnected', () => here.events.push(event))
      room.on('dataReceived', (payload) => here.heard.push(new TextDecoder().decode(payload)))
      room.on('trackSubscribed', (track) => document.body.append(track.attach()))
      room.on('trackUnsubscribed', (track) => {
        for (const element of track.detach()) element.remove()
      })
      if (keys) await room.setE2EEEnabled(true)
      await room.connect(url, jwt)
      await room.localParticipant.enableCameraAndMicrophone()
    },
    [
      server.url,
      token(room, identity),
      options.single,
      options.publish ?? {},
      options.passphrase ?? '',
    ] as const,
  )
}

/** What is being received now. */
export const receivedBare = (page: BarePage): Promise<Received> => page.evaluate(received, null)

/** Waits until at least one voice and one picture are being received. */
export async function hearsAndSeesBare(page: BarePage, message: string): Promise<void> {
  let before = await receivedBare(page)
  await expect
    .poll(
      async () => {
        const now = await receivedBare(page)
        const seen = {
          audio: growing(before.audio, now.audio) >= 1,
          video: growing(before.frames, now.frames) >= 1,
        }
        before = now
        return seen
      },
      { timeout: 60_000, interval: 1_000, message },
    )
    .toEqual({ audio: true, video: true })
}

/** Frames decoded so far of streams in this codec. */
export const decoded = (page: BarePage, mime: string): Promise<number> =>
  page.evaluate(async (wanted) => {
    let frames = 0
    for (const pc of (window as unknown as BareWindow).allConnections) {
      const stats = await pc.getStats()
      stats.forEach((s: { type: string; codecId?: string; framesDecoded?: number }) => {
        const codec = stats.get(s.codecId ?? '') as { mimeType?: string } | undefined
        if (s.type === 'inbound-rtp' && codec?.mimeType?.toLowerCase() === wanted)
          frames += s.framesDecoded ?? 0
      })
    }
    return frames
  }, mime)

/** Waits until a picture in this codec moves. */
export async function seesIn(page: BarePage, mime: string, message: string): Promise<void> {
  let before = 0
  await expect
    .poll(
      async () => {
        const now = await decoded(page, mime)
        const grew = before > 0 && now > before
        before = now
        return grew
      },
      { timeout: 60_000, interval: 1_000, message },
    )
    .toBe(true)
}

/** What has happened to the room since it was joined: the names of livekit-client's RoomEvents. */
export const events = (page: BarePage): Promise<string[]> =>
  page.evaluate(() => (window as unknown as BareWindow).events, null)

/** Waits until at least one voice is being received. */
export async function hearsBare(page: BarePage, message: string): Promise<void> {
  let before = await receivedBare(page)
  await expect
    .poll(
      async () => {
        const now = await receivedBare(page)
        const heard = growing(before.audio, now.audio)
        before = now
        return heard
      },
      { timeout: 60_000, interval: 1_000, message },
    )
    .toBeGreaterThanOrEqual(1)
}
