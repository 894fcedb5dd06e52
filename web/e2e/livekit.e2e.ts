import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type * as LiveKit from 'livekit-client'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { growing, type Person, TestBrowser } from './browser.ts'
import { Server } from './server.ts'

// The unmodified livekit-client on a page that knows nothing of Préau.

let server: Server
let browser: TestBrowser
let pages: HttpServer
let origin: string

beforeAll(async () => {
  server = await Server.start()
  browser = await TestBrowser.launch()
  const files: Record<string, [string, Buffer]> = {
    '/': ['text/html', await readFile(new URL('bare.html', import.meta.url))],
    '/livekit-client.js': [
      'text/javascript',
      await readFile(
        new URL('../node_modules/livekit-client/dist/livekit-client.umd.js', import.meta.url),
      ),
    ],
  }
  pages = createServer((request, response) => {
    const file = files[request.url ?? '']
    response
      .writeHead(file ? 200 : 404, { 'content-type': file?.[0] ?? 'text/plain' })
      .end(file?.[1])
  })
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${String((pages.address() as AddressInfo).port)}/`
})

afterEach(() => browser.closePeople())

afterAll(async () => {
  await browser.close()
  pages.close()
  await server.stop()
})

/** A token as any LiveKit token server would sign it (HS256). */
function token(room: string, identity: string): string {
  const part = (o: object) => Buffer.from(JSON.stringify(o)).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({
    iss: 'devkey',
    sub: identity,
    name: identity,
    nbf: now - 5,
    exp: now + 3600,
    video: { room, roomJoin: true },
  })}`
  return `${text}.${createHmac('sha256', 'secret').update(text).digest('base64url')}`
}

async function join(
  room: string,
  identity: string,
  singlePeerConnection: boolean,
  publishDefaults: LiveKit.TrackPublishDefaults = {},
): Promise<Person> {
  const person = await browser.person()
  await person.page.goto(origin)
  await person.page.evaluate(
    async ([url, jwt, single, publishing]) => {
      const { Room } = (window as unknown as { LivekitClient: typeof LiveKit }).LivekitClient
      const room = new Room({
        adaptiveStream: false,
        dynacast: true,
        singlePeerConnection: single,
        publishDefaults: publishing,
      })
      ;(window as unknown as { room: LiveKit.Room }).room = room
      ;(window as unknown as { heard: string[] }).heard = []
      room.on('dataReceived', (payload) => {
        ;(window as unknown as { heard: string[] }).heard.push(new TextDecoder().decode(payload))
      })
      room.on('trackSubscribed', (track) => document.body.append(track.attach()))
      await room.connect(url, jwt)
      await room.localParticipant.enableCameraAndMicrophone()
    },
    [server.url, token(room, identity), singlePeerConnection, publishDefaults] as const,
  )
  return person
}

describe.each([
  ['one peer connection', true],
  ['two peer connections', false],
])('livekit-client with %s', (name, single) => {
  it('joins, publishes, subscribes, sends data', async () => {
    const room = name.replaceAll(' ', '-')
    const ada = await join(room, 'ada', single)
    const bob = await join(room, 'bob', single)
    for (const person of [ada, bob]) {
      await expect
        .poll(async () => (await person.received()).audio.length, { timeout: 30_000 })
        .toBeGreaterThanOrEqual(1)
      const before = await person.received()
      await expect
        .poll(
          async () => {
            const now = await person.received()
            return growing(before.audio, now.audio) >= 1 && growing(before.frames, now.frames) >= 1
          },
          { timeout: 30_000 },
        )
        .toBe(true)
    }
    const mode = await bob.page.evaluate(() => {
      const engine = (window as unknown as { room: { engine: { pcManager?: { mode?: string } } } })
        .room.engine
      return engine.pcManager?.mode
    })
    expect(mode).toBe(single ? 'publisher-only' : 'subscriber-primary')
    await ada.page.evaluate(() =>
      (window as unknown as { room: LiveKit.Room }).room.localParticipant.publishData(
        new TextEncoder().encode('bonjour'),
        { reliable: true },
      ),
    )
    await expect
      .poll(() => bob.page.evaluate(() => (window as unknown as { heard: string[] }).heard), {
        timeout: 10_000,
      })
      .toEqual(['bonjour'])
    await ada.close()
    await expect
      .poll(
        () =>
          bob.page.evaluate(
            () => (window as unknown as { room: LiveKit.Room }).room.remoteParticipants.size,
          ),
        { timeout: 30_000 },
      )
      .toBe(0)
    await bob.close()
  })

  it.each([
    ['h264', {}],
    ['vp9', { scalabilityMode: 'L1T3' }],
    ['av1', { scalabilityMode: 'L1T3' }],
  ] as const)('shows a picture in %s', async (videoCodec, more) => {
    const room = `${name.replaceAll(' ', '-')}-${videoCodec}`
    const ada = await join(room, 'ada', single, { videoCodec, backupCodec: false, ...more })
    const bob = await join(room, 'bob', single)
    let before = 0
    await expect
      .poll(
        async () => {
          const now = await decoded(bob, `video/${videoCodec}`)
          const grew = before > 0 && now > before
          before = now
          return grew
        },
        { timeout: 30_000, interval: 1_000 },
      )
      .toBe(true)
    await ada.close()
    await bob.close()
  })
})

/** Frames that a person has decoded of streams in this codec. */
async function decoded(person: Person, mime: string): Promise<number> {
  return person.page.evaluate(async (wanted) => {
    let frames = 0
    for (const pc of (window as unknown as { allConnections: RTCPeerConnection[] })
      .allConnections) {
      const stats = await pc.getStats()
      stats.forEach((s: { type: string; codecId?: string; framesDecoded?: number }) => {
        const codec = stats.get(s.codecId ?? '') as { mimeType?: string } | undefined
        if (s.type === 'inbound-rtp' && codec?.mimeType?.toLowerCase() === wanted)
          frames += s.framesDecoded ?? 0
      })
    }
    return frames
  }, mime)
}
