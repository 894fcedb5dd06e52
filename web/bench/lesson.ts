import { setTimeout as pause } from 'node:timers/promises'
import { type Person, TestBrowser } from '../e2e/browser.ts'
import { enter, isOn, openClass, turnOn } from '../e2e/people.ts'
import { Certificate } from '../e2e/certificate.ts'
import { Server } from '../e2e/server.ts'
import { bringCameras, type Company, Download, shareScreen } from './company.ts'
import type { Story } from './figures.ts'
import { connectBare, type Door, openBare, publishBare } from './join.ts'
import { type Reading, readings } from './readings.ts'
import { type Snapshot, watch, type WatchedWindow } from './watch.ts'
import { WeakLink } from './weak-link.ts'

/** What is measured, and how. */
export interface Lesson {
  readonly profile: string
  /** How long after the first sound, and after the link's last change. */
  readonly seconds: number
  /** The teacher is behind the link, not the pupil. */
  readonly uplink?: boolean
  /** The page of Préau instead of one that has livekit-client alone. */
  readonly page?: boolean
  readonly company?: Company | undefined
  /** Another server; by default one is started. */
  readonly door?: Door | undefined
  /** More flags of `preau load link`. */
  readonly flags?: readonly string[]
  /** When these change the link, in seconds from its start; by default as the profile says. */
  readonly changes?: readonly number[]
}

export interface Recording {
  readonly story: Story
  readonly pupil: readonly Reading[]
  readonly teacher: readonly Reading[]
  /** Of the download beside the class, kb/s. */
  readonly download: number | undefined
  /** What became of the link's packets, by the second. */
  readonly link: readonly unknown[]
  /** What livekit-client said of the pupil's connection. */
  readonly events: readonly string[]
}

/** French sentences, with pauses in which the microphone falls silent. */
const speech = [
  'Bonjour à tous. Aujourd’hui nous parlons de la photosynthèse.',
  'Une feuille verte prend la lumière du soleil, et elle en fait du sucre.',
  'Qui peut me dire ce que la plante rend à l’air ?',
  'Oui, c’est l’oxygène. Ouvrez vos cahiers, et notez la date.',
].join(' <break time="1500ms"/> ')

/** Who and what takes part; closed in the reverse order of its making. */
class Scene {
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

/** A teacher speaks and shows their camera; a pupil comes, hears and sees. */
export async function hold(lesson: Lesson): Promise<Recording> {
  const scene = new Scene()
  try {
    const flags = [...(lesson.flags ?? []), ...(lesson.door ? near(lesson.door) : [])]
    const link = await scene.add(WeakLink.open(lesson.profile, flags), (l) => l.close())
    return await play(lesson, scene, link)
  } finally {
    await scene.close()
  }
}

/** The far host reaches one address only: where another server listens is this end of the link. */
const near = (door: Door): string[] => ['--net', `${new URL(door.url).hostname}/30`]

async function play(lesson: Lesson, scene: Scene, link: WeakLink): Promise<Recording> {
  const door: TrustedDoor = lesson.door ?? (await startServer(scene, link))
  const browsers = [lesson.uplink ? link.namespace : '', lesson.uplink ? '' : link.namespace]
  const [hers, his] = [
    await browser(scene, door, browsers[0]),
    await browser(scene, door, browsers[1]),
  ]
  const teacher = lesson.page ? await teachOnPage(hers, door) : await teachBare(hers, door)
  await sends(teacher.person)
  await keepCompany(lesson, scene, door, teacher.person)
  let begun = 0
  // A pupil comes in through the link; a teacher's link goes bad in the middle of the lesson.
  if (!lesson.uplink) begun = link.begin()
  const came = lesson.page ? await comeOnPage(his, door, teacher.code) : await comeBare(his, door)
  if (lesson.uplink) begun = link.begin()
  const download = lesson.company === 'download' ? await downloads(scene, link) : undefined
  const changes = (lesson.changes ?? link.changes).map((s) => begun + s * 1000)
  if (!lesson.uplink) await hears(came.person)
  await pause(Math.max(Date.now(), changes.at(-1) ?? 0) + lesson.seconds * 1000 - Date.now())
  return {
    story: { clicked: came.clicked, joined: came.joined, changes },
    pupil: readings(await snapshots(came.person)),
    teacher: readings(await snapshots(teacher.person)),
    download: await download?.stop(),
    link: await link.report(),
    events: lesson.page ? [] : await events(came.person),
  }
}

/** Whoever else is there before the pupil comes. */
async function keepCompany(lesson: Lesson, scene: Scene, door: TrustedDoor, teacher: Person) {
  if (lesson.company === undefined) return
  if (lesson.page) throw new Error('company keeps to the page that has livekit-client alone')
  if (lesson.company !== 'cameras') return shareScreen(teacher.page)
  const others = await (await browser(scene, door)).person()
  await openBare(others.context, others.page)
  await bringCameras(others.page, door)
}

const downloads = (scene: Scene, link: WeakLink): Promise<Download> =>
  scene.add(Download.start(link), async (d) => {
    await d.stop()
  })

/** As an academy runs it: over HTTPS, which has its round trips, HTTP/2 and Brotli. */
async function startServer(scene: Scene, link: WeakLink): Promise<TrustedDoor> {
  const certificate = await scene.add(Certificate.make(link.near), (c) => c.remove())
  const started = Server.start(undefined, ['--bind', link.near, ...certificate.server])
  const server = await scene.add(started, (s) => s.stop())
  return { url: server.url, key: 'devkey', secret: 'secret', trust: certificate.browser }
}

/** A door, and the flags by which Chromium trusts it. */
interface TrustedDoor extends Door {
  readonly trust?: readonly string[]
}

const browser = (scene: Scene, door: TrustedDoor, namespace = ''): Promise<TestBrowser> =>
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

async function teachBare(on: TestBrowser, door: Door) {
  const person = await on.person({ prepare: watch })
  await openBare(person.context, person.page)
  await connectBare(person.page, door, 'teacher')
  await publishBare(person.page)
  return { person, code: '' }
}

async function comeBare(on: TestBrowser, door: Door) {
  const person = await on.person({ prepare: watch })
  await openBare(person.context, person.page)
  const clicked = Date.now()
  const joined = clicked + (await connectBare(person.page, door, 'pupil'))
  return { person, clicked, joined }
}

async function teachOnPage(on: TestBrowser, door: Door) {
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
async function comeOnPage(on: TestBrowser, door: Door, code: string) {
  const person = await on.person({ prepare: watch })
  person.page.setDefaultTimeout(patience)
  person.page.setDefaultNavigationTimeout(patience)
  const clicked = Date.now()
  await person.page.goto(`${door.url}/c/${code}`, { waitUntil: 'commit' })
  await person.get('prejoin-mic').waitFor()
  await pause(typing)
  await person.get('prejoin-mic').setChecked(false) // by now what was allowed before is open
  await enter(person, 'Amina')
  await person.get('stage').waitFor()
  return { person, clicked: clicked + typing, joined: Date.now() }
}

/** How long a name is being typed on a phone, ms: it is not counted, but the page loads meanwhile. */
const typing = 8_000

/** Waits until sound has come, for as long as the thinnest link that is tried may take. */
async function hears(person: Person): Promise<void> {
  const until = Date.now() + patience
  while (!readings(await snapshots(person)).some((r) => r.audio.packets > 0)) {
    if (Date.now() > until) throw new Error('no sound came')
    await pause(500)
  }
}

/** How long a page may take to come, ms: it is the thinnest link that is tried. */
const patience = 180_000

const snapshots = (person: Person): Promise<Snapshot[]> =>
  person.page.evaluate(() => (window as unknown as WatchedWindow).snapshots)

const events = (person: Person): Promise<string[]> =>
  person.page.evaluate(() => (window as unknown as { events: string[] }).events)

/** Waits until the teacher's widest layer is being sent, for as long as an encoder may take. */
async function sends(teacher: Person): Promise<void> {
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
