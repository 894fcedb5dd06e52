import { setTimeout as pause } from 'node:timers/promises'
import { type Person, TestBrowser } from '../e2e/browser.ts'
import { Certificate } from '../e2e/certificate.ts'
import { isOn, openClass, turnOn } from '../e2e/people.ts'
import { Server } from '../e2e/server.ts'
import type { Door } from './join.ts'
import { readings } from './readings.ts'
import { type Snapshot, watch, type WatchedWindow } from './watch.ts'
import type { WeakLink } from './weak-link.ts'

/** French sentences, with pauses in which the microphone falls silent. */
const speech = [
  'Bonjour à tous. Aujourd’hui nous parlons de la photosynthèse.',
  'Une feuille verte prend la lumière du soleil, et elle en fait du sucre.',
  'Qui peut me dire ce que la plante rend à l’air ?',
  'Oui, c’est l’oxygène. Ouvrez vos cahiers, et notez la date.',
].join(' <break time="1500ms"/> ')

/** Who and what takes part; closed in the reverse order of its making. */
export class Scene {
  readonly #closes: (() => Promise<void>)[] = []

  async add<T>(made: Promise<T>, close: (of: T) => Promise<void>): Promise<T> {
    const it = await made
    this.#closes.push(() => close(it))
    return it
  }

  async close(): Promise<void> {
    for (const close of this.#closes.splice(0).reverse()) await close()
  }
}

/** As an academy runs it: over HTTPS, which has its round trips, HTTP/2 and Brotli. */
export async function startServer(
  scene: Scene,
  link: WeakLink,
  more: readonly string[] = [],
): Promise<TrustedDoor> {
  const certificate = await scene.add(Certificate.make(link.near), (c) => c.remove())
  const started = Server.start(undefined, ['--bind', link.near, ...certificate.server, ...more])
  const server = await scene.add(started, (s) => s.stop())
  return {
    url: server.url,
    key: 'devkey',
    secret: 'secret',
    trust: certificate.browser,
    certificate: certificate.file,
  }
}

/** A door, the flags by which Chromium trusts it, and the file by which other programs do. */
export interface TrustedDoor extends Door {
  readonly trust?: readonly string[]
  readonly certificate?: string
}

export const browser = (scene: Scene, door: TrustedDoor, namespace = ''): Promise<TestBrowser> =>
  scene.add(
    TestBrowser.launch({
      namespace,
      says: speech,
      more: [
        '--use-fake-device-for-media-stream=fps=15',
        ...(door.trust ?? [
          `--unsafely-treat-insecure-origin-as-secure=${door.url.replace(/^ws/, 'http')}`,
        ]),
      ],
    }),
    (b) => b.close(),
  )

export async function teachOnPage(on: TestBrowser, door: Door) {
  const { teacher, code } = await openClass(on, door, 'Banc d’essai', { prepare: watch })
  // The microphone may be coming on by itself: a click would take that back.
  const until = Date.now() + 10_000
  while (!(await isOn(teacher, 'bar-mic')) && Date.now() < until) await pause(250)
  await turnOn(teacher, 'bar-mic')
  await turnOn(teacher, 'bar-camera')
  return { person: teacher, code }
}

/**
 * The click is the one on the invitation: the page itself comes through the link too. The pupil
 * listens, with the microphone off.
 */
export async function comeOnPage(on: TestBrowser, door: Door, code: string) {
  const person = await on.person({ prepare: watch })
  return { person, ...(await visit(person, door, code, typing)) }
}

/**
 * Opens the invitation, types a name for so long, and goes in: both moments, what passes from the
 * sight of the door to the click that goes in left out.
 */
export async function visit(person: Person, door: Door, code: string, typing: number) {
  person.page.setDefaultTimeout(patience)
  person.page.setDefaultNavigationTimeout(patience)
  const clicked = Date.now()
  await person.page.goto(`${door.url}/c/${code}`, { waitUntil: 'commit' })
  await person.get('prejoin-mic').waitFor()
  const asked = Date.now()
  await pause(typing)
  await person.get('prejoin-mic').setChecked(false) // by now what was allowed before is open
  await person.get('prejoin-name').fill('Amina')
  const typed = Date.now() - asked
  await person.get('prejoin-enter').click()
  await person.get('stage').waitFor()
  return { clicked: clicked + typed, joined: Date.now() }
}

/** How long a name is being typed on a phone, ms: it is not counted, but the page loads meanwhile. */
const typing = 8_000

/** Waits until sound has come, for as long as the thinnest link that is tried may take. */
export async function hears(person: Person): Promise<void> {
  const until = Date.now() + patience
  while (!readings(await snapshots(person)).some((r) => r.audio.packets > 0)) {
    if (Date.now() > until) throw new Error('no sound came')
    await pause(500)
  }
}

/** How long a page may take to come, ms: it is the thinnest link that is tried. */
const patience = 180_000

export const snapshots = (person: Person): Promise<Snapshot[]> =>
  person.page.evaluate(() => (window as unknown as WatchedWindow).snapshots)

/** Waits until the teacher's widest layer is being sent, for as long as an encoder may take. */
export async function sends(teacher: Person): Promise<void> {
  const until = Date.now() + 15_000
  for (;;) {
    const last = readings(await snapshots(teacher)).at(-1)
    if (last && last.sent.width >= 1280) return
    if (Date.now() > until) {
      if (last && last.sent.frames > 0) return // on a starved machine; the table says so
      throw new Error('the teacher’s camera sends nothing')
    }
    await pause(500)
  }
}
