import { execFile } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Person } from '../e2e/browser.ts'
import { median } from './figures.ts'
import { readings } from './readings.ts'
import * as scene from './scene.ts'
import { WeakLink } from './weak-link.ts'

/** Seconds from the click on the invitation to the first sound, typing left out. */
export interface Visits {
  /** First visits, each of a browser profile that has nothing yet. */
  readonly cold: readonly number[]
  /** The same pupils' second visits, over new connections. */
  readonly warm: readonly number[]
}

/** So many pupils come to one lesson behind a link, one after the other, each of them twice. */
export async function visits(profile: string, pupils: number): Promise<Visits> {
  const hall = new scene.Scene()
  try {
    const link = await hall.add(WeakLink.open(profile), (l) => l.close())
    const door = await scene.startServer(hall, link)
    const hers = await scene.browser(hall, door)
    const teacher = await scene.teachOnPage(hers, door)
    await scene.sends(teacher.person)
    const his = await scene.browser(hall, door, link.namespace)
    link.begin()
    const cold: number[] = []
    const warm: number[] = []
    for (let i = 0; i < pupils; i++) {
      const { person, clicked } = await scene.comeOnPage(his, door, teacher.code)
      cold.push(await firstSound(person, clicked))
      await kept(person)
      await person.page.close()
      await cutConnections(link.namespace)
      const again = await person.anotherTab()
      const second = await scene.visit(again, door, teacher.code, 0)
      warm.push(await firstSound(again, second.clicked))
      await again.close()
    }
    return { cold, warm }
  } finally {
    await hall.close()
  }
}

/** Samples of sound in a millisecond, as Opus is played. */
const played = 48

/** The page looks four times a second: how much was played by then says when it began. */
async function firstSound(person: Person, clicked: number): Promise<number> {
  await scene.hears(person)
  for (;;) {
    const first = readings(await scene.snapshots(person)).find((r) => r.audio.emitted > 0)
    if (first !== undefined) return (first.at - first.audio.emitted / played - clicked) / 1000
    await pause(250) // what has come is yet to be played
  }
}

/** Waits until the page is kept on the device, for as long as the link takes. */
async function kept(person: Person): Promise<void> {
  const until = Date.now() + 120_000
  const state = () =>
    person.page.evaluate(async () => {
      const found = await navigator.serviceWorker.getRegistration()
      return found?.active?.state
    })
  while ((await state()) !== 'activated') {
    if (Date.now() > until) throw new Error('the page was not kept')
    await pause(1_000)
  }
}

/** Ends what the far host's browser keeps open: a second visit comes on another day. */
async function cutConnections(namespace: string): Promise<void> {
  const ss = async (...words: string[]) =>
    (await promisify(execFile)('ip', ['netns', 'exec', namespace, 'ss', '-Htn', ...words])).stdout
  await ss('-K').catch(() => undefined) // it complains of families that the host does not have
  const left = (await ss('state', 'established')).trim()
  if (left) throw new Error(`connections that cannot be cut: ${left}`)
}

/** The median, and all of them in their order. */
export const told = (seconds: readonly number[]): string =>
  `${(median(seconds) ?? NaN).toFixed(1)} s (${[...seconds]
    .sort((a, b) => a - b)
    .map((s) => s.toFixed(1))
    .join(', ')})`
