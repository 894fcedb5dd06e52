import { describe, expect, it } from 'vitest'
import { accessible } from './axe.ts'
import type { Person } from './browser.ts'
import {
  comeIn,
  hearsAndSees,
  isOn,
  oneStory,
  openClass,
  panel,
  reads,
  say,
  statusLine,
  turnOn,
  turnOnPhoneCamera,
} from './people.ts'
import { School } from './school.ts'

// One lesson from opening to end: a teacher and three pupils, one on a phone.

const title = '5e B · Sciences'
const school = new School()
let teacher: Person
let code: string
let amina: Person
let leo: Person
let sam: Person // on the phone

oneStory(() => school.browser)

const everyone = (): [string, Person][] => [
  ['the teacher', teacher],
  ['Amina', amina],
  ['Léo', leo],
  ['Sam', sam],
]

describe('a lesson', () => {
  it('is opened by the teacher, and pupils are let in from the lobby', async () => {
    ;({ teacher, code } = await openClass(school.browser, school.server, title, { lobby: true }))
    amina = await comeIn(school.browser, school.server, code, 'Amina')
    await amina.get('waiting-screen').waitFor()
    await accessible(amina, 'waiting room')
    await amina.screenshot('waiting-1280')
    leo = await comeIn(school.browser, school.server, code, 'Léo')
    sam = await comeIn(school.browser, school.server, code, 'Sam', { phone: true })
    await sam.get('waiting-screen').waitFor()
    await sam.screenshot('waiting-360')
    await expect.poll(() => teacher.get('lobby-item').count()).toBe(3)
    await accessible(teacher, 'class with a lobby')
    await teacher.screenshot('class-lobby-1280')
    await teacher.get('lobby-admit-all').click()
    for (const pupil of [amina, leo, sam]) await pupil.get('stage').waitFor()
  })

  it('lets everyone hear and see everyone', async () => {
    for (const [, person] of everyone()) {
      await turnOn(person, 'bar-mic')
      if (person === sam) await turnOnPhoneCamera(sam)
      else await turnOn(person, 'bar-camera')
    }
    for (const [who, person] of everyone()) await hearsAndSees(person, who, 3, 3)
    for (const [who, person] of everyone()) await showsEveryPicture(who, person)
    await accessible(teacher, 'class, teacher')
    await accessible(sam, 'class, phone')
    await teacher.screenshot('class-teacher-1280')
    await amina.screenshot('class-pupil-1280')
    await sam.screenshot('class-pupil-360')
  })

  it('carries chat to everyone and, deleted, from everyone', async () => {
    await say(amina, 'Bonjour madame !')
    for (const [who, person] of everyone()) await reads(person, who, 'Bonjour madame !')
    await say(leo, 'Moi aussi')
    await reads(teacher, 'the teacher', 'Moi aussi')
    await say(amina, 'J’ai le livre')
    await say(amina, 'J’ai le livre')
    // The same words twice are two messages to the ear too.
    const heard = teacher.get('live').getByText('J’ai le livre')
    await expect.poll(() => heard.count()).toBe(2)
    await accessible(amina, 'chat')
    await sam.screenshot('chat-360')
    await amina.screenshot('chat-1280')
    await teacher.get('chat-delete').first().click()
    await expect.poll(() => leo.get('chat-message').getByText('Bonjour madame').count()).toBe(0)
    await sam.get('panel-close').click()
  })

  it('keeps hands in order and gives the word in one click', async () => {
    await panel(teacher, 'people')
    await leo.get('bar-hand').first().click()
    await expect.poll(() => teacher.get('hand-item').count()).toBe(1)
    await sam.get('bar-hand').first().click()
    await expect.poll(() => teacher.get('hand-item').count()).toBe(2)
    expect(await teacher.get('hand-item').first().textContent()).toContain('Léo')
    await teacher.screenshot('hands-1280')
    await teacher.get('give-word').first().click()
    await expect.poll(() => teacher.get('hand-item').count()).toBe(1)
    expect(await teacher.get('hand-item').first().textContent()).toContain('Sam')
    expect(await teacher.get('word-item').textContent()).toContain('Léo')
  })

  it('shows the teacher’s screen on every stage', async () => {
    await teacher.get('bar-screen').first().click()
    for (const [who, person] of everyone().slice(1)) {
      await expect
        .poll(() => person.get('stage').getAttribute('data-kind'), {
          message: who,
        })
        .toBe('screen')
      // Its size is known once a frame of it has been decoded.
      await expect.poll(() => pictureWidth(person), { message: who }).not.toBe(0)
    }
    await hearsAndSees(sam, 'Sam', 3, 1)
    await sam.screenshot('screen-360')
    await leo.screenshot('screen-1280')
    await teacher.get('bar-screen').first().click()
    await expect.poll(() => sam.get('stage').getAttribute('data-kind')).toBe('person')
  })

  it('brings a pupil, and the teacher, who reload back to their place', async () => {
    await leo.page.reload()
    await leo.get('stage').waitFor()
    await reads(leo, 'Léo', 'Moi aussi')
    await teacher.page.reload()
    await teacher.get('stage').waitFor()
    await expect.poll(() => teacher.get('teacher-menu').count()).toBe(1)
    await classIsIntact()
    // Both come back as they were, microphone and camera on.
    for (const person of [leo, teacher]) {
      for (const id of ['bar-mic', 'bar-camera']) {
        await expect.poll(() => isOn(person, id), { message: id }).toBe(true)
      }
    }
    for (const [who, person] of everyone()) await hearsAndSees(person, who, 3, 3)
  })

  it('survives the server being killed', async () => {
    const captured = await Promise.all(everyone().map(([, person]) => capturedBy(person)))
    await school.server.crash()
    await expect.poll(() => statusLine(amina)).not.toBe('')
    await amina.screenshot('reconnecting-1280')
    await sam.screenshot('reconnecting-360')
    await school.server.restart()
    for (const [who, person] of everyone()) await hearsAndSees(person, who, 3, 3)
    // No device was closed meanwhile and opened again.
    expect(await Promise.all(everyone().map(([, person]) => capturedBy(person)))).toEqual(captured)
    await classIsIntact()
    await say(amina, 'Me revoilà')
    for (const [who, person] of everyone()) await reads(person, who, 'Me revoilà')
    await sam.get('panel-close').click()
    for (const [who, person] of everyone()) {
      await expect.poll(() => statusLine(person), { message: who }).not.toContain('…')
    }
  })

  it('ends for all', async () => {
    await teacher.get('teacher-menu').first().click()
    await teacher.get('end-for-all').click()
    await accessible(teacher, 'confirm the end')
    await teacher.screenshot('confirm-end-1280')
    await teacher.get('end-confirm').click()
    for (const [, person] of everyone()) await person.get('ended-screen').waitFor()
    await sam.screenshot('ended-360')
    for (const [who, person] of everyone()) expect(person.failures, who).toEqual([])
  })
})

/** Whoever looks has the teacher on the stage, by name, and the pupils beside it, the phone too. */
async function showsEveryPicture(who: string, person: Person): Promise<void> {
  await person.get('stage-video').waitFor()
  expect(await person.get('stage').getByTestId('name-tag').textContent(), who).toContain('Leroy')
  await expect
    .poll(() => person.page.locator('[data-testid="tile"] video').count(), {
      message: `${who} has three pictures beside the stage`,
    })
    .toBe(3)
}

/** The same title, code, words, hand and word as before. */
async function classIsIntact(): Promise<void> {
  for (const [who, person] of everyone()) {
    expect(await person.page.locator('h1').textContent(), who).toBe(title)
  }
  await panel(teacher, 'people')
  await expect.poll(() => teacher.get('person-row').count()).toBe(4)
  await expect.poll(() => teacher.get('hand-item').count()).toBe(1)
  expect(await teacher.get('hand-item').first().textContent()).toContain('Sam')
  expect(await teacher.get('word-item').textContent()).toContain('Léo')
  await panel(leo, 'chat')
  await expect.poll(() => leo.get('chat-message').count()).toBe(4)
  expect(await leo.get('chat-message').last().textContent()).toContain('J’ai le livre')
}

/** What of the person's microphone and camera goes out, by the browser's ids of their tracks. */
const capturedBy = (person: Person): Promise<string[]> =>
  person.page.evaluate(() =>
    (window as unknown as { allConnections: RTCPeerConnection[] }).allConnections
      .filter((pc) => pc.connectionState === 'connected')
      .flatMap((pc) => pc.getSenders())
      .flatMap(({ track }) => track?.id ?? [])
      .sort(),
  )

/** Pixels of the picture on the stage; 0: none has come. */
const pictureWidth = (person: Person): Promise<number> =>
  person
    .get('stage-video')
    .evaluate((v) => (v as HTMLVideoElement).videoWidth)
    .catch(() => 0)
