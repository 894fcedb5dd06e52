import { expect } from 'vitest'
import { growing, type Person, type TestBrowser } from './browser.ts'
import type { Server } from './server.ts'

export interface Opened {
  readonly teacher: Person
  readonly code: string
}

/** A teacher opens a class from the landing page and goes in. */
export async function openClass(
  browser: TestBrowser,
  server: Server,
  title: string,
  lobby = false,
): Promise<Opened> {
  const teacher = await browser.person()
  const { page } = teacher
  await page.goto(server.url)
  await teacher.get('landing-title').fill(title)
  const checked = await teacher.get('landing-lobby').isChecked()
  if (checked !== lobby) await teacher.get('landing-lobby').click()
  await teacher.get('landing-open').click()
  await enter(teacher, 'Mme Leroy')
  await teacher.get('stage').waitFor()
  return { teacher, code: await invitationCode(teacher) }
}

/** Fills in the pre-join screen and enters. */
export async function enter(person: Person, name: string): Promise<void> {
  await person.get('prejoin-name').fill(name)
  await person.get('prejoin-enter').click()
}

export async function invitationCode(person: Person): Promise<string> {
  await person.get('invite-open').first().click()
  const text = (await person.get('invite-code').textContent()) ?? ''
  await person.page.keyboard.press('Escape')
  return text.replace(/[^0-9A-Z]/g, '')
}

/** A pupil comes by the class's link. */
export async function comeIn(
  browser: TestBrowser,
  server: Server,
  code: string,
  name: string,
  options: { phone?: boolean; language?: string } = {},
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
  if (!(await isOn(person, id))) await person.get(id).first().click()
  await expect.poll(() => isOn(person, id), { timeout: 15_000, message: `${id} is on` }).toBe(true)
}

/** Waits until so many streams of sound gain energy and so many of pictures gain frames. */
export async function hearsAndSees(
  person: Person,
  who: string,
  audio: number,
  video: number,
): Promise<void> {
  let before = await person.received()
  await expect
    .poll(
      async () => {
        const now = await person.received()
        const seen = {
          audio: growing(before.audio, now.audio) >= audio,
          video: growing(before.frames, now.frames) >= video,
        }
        if (!seen.audio || !seen.video) before = now
        return seen
      },
      {
        timeout: 45_000,
        interval: 1_000,
        message: `${who} hears ${audio.toString()} and sees ${video.toString()}`,
      },
    )
    .toEqual({ audio: true, video: true })
}
