import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { signed } from '../e2e/bare.ts'
import type { BareWindow } from '../e2e/bare.ts'
import { program } from '../e2e/server.ts'
import type { Door } from './join.ts'
import type { TrustedDoor } from './scene.ts'
import type { WeakLink } from './weak-link.ts'

const run = promisify(execFile)

/** What else goes on: ten pupils' cameras, a shared screen, a download beside the class, 300 pupils who come. */
export type Company = 'cameras' | 'screen' | 'download' | 'bell'

/**
 * Ten pupils on one page, so that two cores can carry them: small pictures at 7 frames a second, and
 * each a participant.
 */
export const bringCameras = async (page: Page, door: Door): Promise<void> =>
  page.evaluate(
    async ([url, tokens]) => {
      const { Room } = (window as unknown as BareWindow).LivekitClient
      for (const token of tokens) {
        const room = new Room()
        await room.connect(url, token, { autoSubscribe: false })
        await room.localParticipant.setCameraEnabled(
          true,
          { resolution: { width: 320, height: 180, frameRate: 7 } },
          { simulcast: false },
        )
      }
    },
    [door.url, classmates(door, await theRoom(page, door))] as const,
  )

const classmates = (door: Door, room: string): string[] =>
  Array.from({ length: 10 }, (_, i) => {
    const sub = `classmate-${i + 1}`
    const claims = { sub, name: sub, video: { room, roomJoin: true } }
    return signed(claims, door.key, door.secret)
  })

/** 300 pupils come within 20 s, who receive nothing themselves: what the one behind the link is told of them. */
export async function ringBell(room: string, door: TrustedDoor): Promise<void> {
  const url = door.url.replace(/^ws/, 'http')
  // prettier-ignore
  const words = ['load', 'class', '--quiet', '--key', door.key, '--secret', door.secret, '--room', room,
    '--teachers', '0', '--pupils', '300', '--deaf', '--ramp', '20s', '--length', '10s', url]
  const trust = door.certificate ? { SSL_CERT_FILE: door.certificate } : {}
  const { stdout } = await run(program, words, { env: { ...process.env, ...trust } })
  if (!stdout.includes('; 0 failed')) throw new Error(`not all came in:\n${stdout}`)
}

/** The lesson's room: a class that was opened by the page has a name of the server's own. */
export async function theRoom(page: Page, door: Door): Promise<string> {
  const token = signed({ video: { roomList: true } }, door.key, door.secret)
  const names = await page.evaluate(
    async ([url, authorization]) => {
      const headers = { 'content-type': 'application/json', authorization }
      const asked = { method: 'POST', headers, body: '{}' }
      const answer = await fetch(`${url}/twirp/livekit.RoomService/ListRooms`, asked)
      const { rooms } = (await answer.json()) as { rooms: { name: string }[] }
      return rooms.map((room) => room.name)
    },
    [door.url.replace(/^ws/, 'http'), `Bearer ${token}`] as const,
  )
  if (names.length !== 1) throw new Error(`the server has ${names.length} rooms, not one`)
  return names[0] ?? ''
}

export const shareScreen = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    await (window as unknown as BareWindow).room.localParticipant.setScreenShareEnabled(true)
  })

/** In Chromium a whole screen has sound of its own with fake devices only, and on ChromeOS and Windows. */
export function silentScreen(): void {
  const devices = navigator.mediaDevices as MediaDevices | undefined // not on a page without HTTPS
  const share = devices?.getDisplayMedia.bind(devices)
  if (devices && share) devices.getDisplayMedia = (o) => share({ ...o, audio: false })
}

/** Runs at the far end: takes what comes, and says at its end how many bytes that were. */
const taker = `
let bytes = 0
process.on('SIGTERM', () => { process.stdout.write(String(bytes), () => process.exit()) })
for await (const chunk of (await fetch(process.argv[1])).body) bytes += chunk.length`

/** One TCP stream through the link, as fast as it gets. */
export class Download {
  readonly #start = Date.now()
  #taken = ''

  private constructor(
    private readonly http: HttpServer,
    private readonly child: ChildProcess,
  ) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#taken += text))
  }

  static async start(link: WeakLink): Promise<Download> {
    const chunk = Buffer.alloc(64 * 1024)
    const http = createServer((_, response) => {
      const fill = () => {
        while (response.write(chunk));
      }
      response.on('drain', fill)
      fill()
    })
    await new Promise<void>((resolve) => http.listen(0, link.near, resolve))
    const url = `http://${link.near}:${(http.address() as AddressInfo).port}/`
    const words = ['--input-type=module', '-e', taker, url]
    const child = spawn('ip', ['netns', 'exec', link.namespace, process.execPath, ...words], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return new Download(http, child)
  }

  /** Ends it, and says how fast it was, in kb/s. */
  async stop(): Promise<number> {
    const time = Date.now() - this.#start
    if (this.child.exitCode === null) {
      const ended = new Promise((resolve) => this.child.once('close', resolve))
      this.child.kill('SIGTERM')
      await ended
    }
    this.http.close()
    this.http.closeAllConnections()
    return (Number(this.#taken) * 8) / time
  }
}
