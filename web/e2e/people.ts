import { beforeEach, expect } from 'vitest'
import type { Person, PersonOptions, TestBrowser } from './browser.ts'
import { growing, type Received } from './received.ts'

/** As far as a browser needs it. */
interface Server {
  readonly url: string
}

export interface Opened {
  readonly teacher: Person
  readonly code: string
}

/** A teacher opens a class from the landing page and goes in. */
export async function openClass(
  browser: TestBrowser,
  server: Server,
  title: string,
  { lobby = false, ...device }: PersonOptions & { readonly lobby?: boolean } = {},
): Promise<Opened> {
  const teacher = await browser.person(device)
  await askForClass(teacher, server, title, lobby)
  await enter(teacher, 'Mme Leroy')
  await teacher.get('stage').waitFor()
  return { teacher, code: await invitationCode(teacher) }
}

/** The landing page, as far as the door of a new class. */
export async function askForClass(
  teacher: Person,
  server: Server,
  title: string,
  lobby = false,
): Promise<void> {
  await teacher.page.goto(server.url)
  await teacher.get('landing-title').fill(title)
  const checked = await teacher.get('landing-lobby').isChecked()
  if (checked !== lobby) await teacher.get('landing-lobby').click()
  await teacher.get('landing-open').click()
  await teacher.get('prejoin-name').waitFor()
}

/** Fills in the pre-join screen and enters. */
export async function enter(person: Person, name: string): Promise<void> {
  await person.get('prejoin-name').fill(name)
  await person.get('prejoin-enter').click()
}

export async function invitationCode(person: Person): Promise<string> {
  await control(person, 'invite-open')
  const text = (await person.get('invite-code').textContent()) ?? ''
  await person.page.keyboard.press('Escape')
  return text.replace(/[^0-9A-Z]/g, '')
}

/** Uses a control of the class: in the bar, or, on a phone, in the menu of what is rarer. */
export async function control(person: Person, id: string): Promise<void> {
  const here = person.get(id).first()
  if (!(await here.isVisible())) await person.get('bar-more').click()
  await here.click()
}

/** A pupil comes by the class's link. */
export async function comeIn(
  browser: TestBrowser,
  server: Server,
  code: string,
  name: string,
  options: PersonOptions = {},
): Promise<Person> {
  const pupil = await browser.person(options)
  await pupil.page.goto(`${server.url}/c/${code}`)
  await enter(pupil, name)
  return pupil
}

/** Whether a control of the bar looks on: microphone, camera, screen. */
export async function isOn(person: Person, id: string): Promise<boolean> {
  const look = (await person.get(id).first().getAttribute('class')) ?? ''
  return look.split(' ').includes('on')
}

/** Switches a control of the bar on if it is not. */
export async function turnOn(person: Person, id: string): Promise<void> {
  await person.get('stage').waitFor()
  const button = person.get(id).first()
  // What the door left on may still be starting: a click would stop it.
  await expect.poll(() => button.getAttribute('aria-busy')).toBeNull()
  if (!(await isOn(person, id))) await button.click()
  await expect.poll(() => isOn(person, id), { message: `${id} is on` }).toBe(true)
}

/**
 * Waits until so many streams of sound have gained energy and so many of pictures frames, each since
 * it was first seen: on a starved machine not all of them do so within the same second.
 */
export async function hearsAndSees(
  person: Person,
  who: string,
  audio: number,
  video: number,
): Promise<void> {
  let first: Received = { audio: {}, frames: {} }
  await expect
    .poll(
      async () => {
        const now = await person.received()
        first = {
          audio: { ...now.audio, ...first.audio },
          frames: { ...now.frames, ...first.frames },
        }
        return {
          audio: growing(first.audio, now.audio),
          video: growing(first.frames, now.frames),
          now,
          line: await statusLine(person),
        }
      },
      {
        timeout: 90_000,
        interval: 1_000,
        message: `${who} hears ${audio.toString()} and sees ${video.toString()}`,
      },
    )
    .toSatisfy(
      (seen: { audio: number; video: number }) => seen.audio >= audio && seen.video >= video,
    )
}

/** Switches a phone's camera on: it is in the menu of what is rarer. */
export async function turnOnPhoneCamera(person: Person): Promise<void> {
  await person.get('bar-more').click()
  await person.get('bar-camera').click()
  await person.get('stage').waitFor()
}

/** Opens a panel, wherever this size of page keeps its button. */
export async function panel(person: Person, name: 'people' | 'chat'): Promise<void> {
  await person.get('stage').waitFor()
  if (await person.get(`panel-${name}`).isVisible()) return
  const tab = person.get(`tab-${name}`).first()
  if (await isOpening(person, name)) {
    // open since before a reload: its part of the page is still coming
  } else if (await tab.isVisible()) await tab.click()
  else await control(person, `bar-${name}`)
  await person.get(`panel-${name}`).waitFor()
}

async function isOpening(person: Person, name: 'people' | 'chat'): Promise<boolean> {
  const bar = person.get(`bar-${name}`).first()
  return (await bar.isVisible()) && (await bar.getAttribute('aria-expanded')) === 'true'
}

/** Chooses from what a teacher may do to the person of this name. */
export async function personMenu(teacher: Person, name: string, item: string): Promise<void> {
  await panel(teacher, 'people')
  await teacher.get('person-row').filter({ hasText: name }).getByTestId('person-menu').click()
  await teacher.get(item).click()
}

/** Writes in the chat, to everyone or to the teachers alone. */
export async function say(
  person: Person,
  text: string,
  to: 'everyone' | 'teachers' = 'everyone',
): Promise<void> {
  await panel(person, 'chat')
  await person.get('chat-to').selectOption(to)
  await person.get('chat-input').fill(text)
  await person.get('chat-send').click()
}

/** Waits until the person reads this message in the chat. */
export async function reads(person: Person, who: string, text: string): Promise<void> {
  await panel(person, 'chat')
  await expect
    .poll(() => person.get('chat-message').getByText(text, { exact: true }).count(), {
      message: `${who} reads “${text}”`,
    })
    .toBe(1)
}

export const statusLine = async (person: Person): Promise<string> =>
  ((await person.get('status-line').first().textContent()) ?? '').trim()

/**
 * The tests of this file tell one story with the same people: when one fails, the
 * rest is skipped and everybody is sent home.
 */
export function oneStory(browser: () => TestBrowser): void {
  let broken = false
  beforeEach((context) => {
    context.skip(broken, 'the story broke off before')
    context.onTestFailed(async () => {
      broken = true
      await browser().closePeople()
    })
  })
}
