import { setTimeout as pause } from 'node:timers/promises'
import type { Person, TestBrowser } from '../e2e/browser.ts'
import { turnOn } from '../e2e/people.ts'
import {
  bringCameras,
  type Company,
  Download,
  ringBell,
  shareScreen,
  silentScreen,
  theRoom,
} from './company.ts'
import type { Story } from './figures.ts'
import { connectBare, type Door, openBare, publishBare } from './join.ts'
import { type Reading, readings } from './readings.ts'
import {
  browser,
  comeOnPage,
  hears,
  Scene,
  sends,
  snapshots,
  startServer,
  teachOnPage,
  type TrustedDoor,
} from './scene.ts'
import { watch } from './watch.ts'
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
  /** More flags of the server that is started. */
  readonly serve?: readonly string[]
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
  const door: TrustedDoor = lesson.door ?? (await startServer(scene, link, lesson.serve))
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
  const bell = lesson.company === 'bell' ? await bellRings(teacher.person, door) : undefined
  await pause(Math.max(Date.now(), changes.at(-1) ?? 0) + lesson.seconds * 1000 - Date.now())
  await bell?.()
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
  if (lesson.company === undefined || lesson.company === 'bell') return // it rings later
  if (lesson.company !== 'cameras') {
    await teacher.page.evaluate(silentScreen)
    return lesson.page ? turnOn(teacher, 'bar-screen') : shareScreen(teacher.page)
  }
  const others = await (await browser(scene, door)).person()
  await openBare(others.context, others.page)
  await bringCameras(others.page, door)
}

/** Has the bell ring beside the lesson; what is returned waits for its end, and fails if anyone could not come. */
async function bellRings(teacher: Person, door: TrustedDoor): Promise<() => Promise<void>> {
  const rings = ringBell(await theRoom(teacher.page, door), door)
  rings.catch(() => undefined) // told when it is waited for
  return () => rings
}

const downloads = (scene: Scene, link: WeakLink): Promise<Download> =>
  scene.add(Download.start(link), async (d) => {
    await d.stop()
  })

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

const events = (person: Person): Promise<string[]> =>
  person.page.evaluate(() => (window as unknown as { events: string[] }).events)
