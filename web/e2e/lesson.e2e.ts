import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accessible } from './axe.ts'
import { type Person, TestBrowser } from './browser.ts'
import { comeIn, hearsAndSees, isOn, openClass, turnOn } from './people.ts'
import { Server } from './server.ts'

// One lesson from opening to end: a teacher and three pupils, one on a phone.

let server: Server
let browser: TestBrowser
let teacher: Person
let code: string
let amina: Person
let leo: Person
let sam: Person // on the phone

beforeAll(async () => {
  server = await Server.start()
  browser = await TestBrowser.launch()
})

afterAll(async () => {
  await browser.close()
  await server.stop()
})

const everyone = (): [string, Person][] => [
  ['teacher', teacher],
  ['Amina', amina],
  ['Léo', leo],
  ['Sam', sam],
]

describe('a lesson', () => {
  it('is opened by the teacher, and pupils are let in from the lobby', async () => {
    ;({ teacher, code } = await openClass(browser, server, '5e B · Sciences', true))
    amina = await comeIn(browser, server, code, 'Amina')
    await amina.get('waiting-screen').waitFor()
    await accessible(amina, 'waiting room')
    await amina.screenshot('waiting-1280')
    leo = await comeIn(browser, server, code, 'Léo')
    sam = await comeIn(browser, server, code, 'Sam', { phone: true })
    await sam.get('waiting-screen').waitFor()
    await sam.screenshot('waiting-360')
    await expect.poll(() => teacher.get('lobby-item').count(), { timeout: 10_000 }).toBe(3)
    await accessible(teacher, 'class with a lobby')
    await teacher.screenshot('class-lobby-1280')
    await teacher.get('lobby-admit-all').click()
    for (const pupil of [amina, leo, sam]) await pupil.get('stage').waitFor()
  })

  it('lets everyone hear and see everyone', async () => {
    for (const [, person] of everyone()) {
      await turnOn(person, 'bar-mic')
      if (person !== sam) await turnOn(person, 'bar-camera')
    }
    await hearsAndSees(teacher, 'the teacher', 3, 2)
    await hearsAndSees(amina, 'Amina', 3, 2)
    await hearsAndSees(leo, 'Léo', 3, 2)
    await hearsAndSees(sam, 'Sam', 3, 1)
    await accessible(teacher, 'class, teacher')
    await accessible(sam, 'class, phone')
    await teacher.screenshot('class-teacher-1280')
    await amina.screenshot('class-pupil-1280')
    await sam.screenshot('class-pupil-360')
  })

  it('carries chat to everyone and, deleted, from everyone', async () => {
    await panel(amina, 'chat')
    await amina.get('chat-input').fill('Bonjour madame !')
    await amina.get('chat-send').click()
    for (const [, person] of everyone()) {
      await panel(person, 'chat')
      await expect.poll(() => person.get('chat-message').count(), { timeout: 10_000 }).toBe(1)
    }
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
    await expect.poll(() => teacher.get('hand-item').count(), { timeout: 10_000 }).toBe(1)
    await sam.get('bar-hand').first().click()
    await expect.poll(() => teacher.get('hand-item').count(), { timeout: 10_000 }).toBe(2)
    expect(await teacher.get('hand-item').first().textContent()).toContain('Léo')
    await teacher.screenshot('hands-1280')
    await teacher.get('give-word').first().click()
    await expect.poll(() => teacher.get('hand-item').count()).toBe(1)
    expect(await teacher.get('hand-item').first().textContent()).toContain('Sam')
  })

  it('lets the teacher mute one, and lock the microphones', async () => {
    await personMenu('Amina', 'menu-mute')
    await expect.poll(() => isOn(amina, 'bar-mic'), { timeout: 10_000 }).toBe(false)
    await teacher.get('teacher-menu').first().click()
    await accessible(teacher, 'teacher menu')
    await teacher.screenshot('teacher-menu-1280')
    await teacher.get('mute-all-lock').click()
    await expect.poll(() => isOn(sam, 'bar-mic'), { timeout: 10_000 }).toBe(false)
    await sam.get('bar-mic').first().click({ force: true })
    await expect.poll(() => isOn(sam, 'bar-mic')).toBe(false)
    await expect.poll(() => isOn(leo, 'bar-mic')).toBe(false)
    await turnOn(leo, 'bar-mic') // was given the word, which is stronger than the lock
  })

  it('shows the teacher’s screen on every stage', async () => {
    await teacher.get('bar-screen').first().click()
    for (const [who, person] of everyone().slice(1)) {
      await expect
        .poll(() => person.get('stage-video').count(), { timeout: 20_000, message: who })
        .toBeGreaterThan(0)
    }
    await hearsAndSees(sam, 'Sam', 1, 1)
    await sam.screenshot('screen-360')
    await leo.screenshot('screen-1280')
    await teacher.get('bar-screen').first().click()
  })

  it('brings a pupil who reloads back to their place', async () => {
    await leo.page.reload()
    await leo.get('stage').waitFor()
    await panel(leo, 'chat')
    await expect.poll(() => leo.get('chat-message').count(), { timeout: 10_000 }).toBe(1)
    await hearsAndSees(leo, 'Léo', 1, 1)
  })

  it('survives the server being killed', async () => {
    await server.crash()
    await expect.poll(() => status(amina), { timeout: 20_000 }).not.toBe('')
    await amina.screenshot('reconnecting-1280')
    await server.restart()
    await panel(teacher, 'people')
    await expect.poll(() => teacher.get('hand-item').count(), { timeout: 30_000 }).toBe(1)
    await hearsAndSees(amina, 'Amina', 1, 1)
    await hearsAndSees(sam, 'Sam', 1, 1)
    await panel(amina, 'chat')
    await amina.get('chat-input').fill('Me revoilà')
    await amina.get('chat-send').click()
    await expect.poll(() => leo.get('chat-message').count(), { timeout: 15_000 }).toBe(2)
  })

  it('removes a pupil, and ends for all', async () => {
    await personMenu('Léo', 'menu-remove')
    await leo.get('removed-screen').waitFor()
    await accessible(leo, 'removed')
    await leo.screenshot('removed-1280')
    await teacher.get('teacher-menu').first().click()
    await teacher.get('end-for-all').click()
    await accessible(teacher, 'confirm the end')
    await teacher.screenshot('confirm-end-1280')
    await teacher.get('end-confirm').click()
    for (const person of [teacher, amina, sam]) await person.get('ended-screen').waitFor()
    await sam.screenshot('ended-360')
    for (const [who, person] of everyone()) expect(person.failures, who).toEqual([])
  })
})

async function panel(person: Person, name: 'people' | 'chat'): Promise<void> {
  if (await person.get(`panel-${name}`).isVisible()) return
  const tab = person.get(`tab-${name}`).first()
  if (await tab.isVisible()) await tab.click()
  else await person.get(`bar-${name}`).first().click()
  await person.get(`panel-${name}`).waitFor()
}

async function personMenu(name: string, item: string): Promise<void> {
  await panel(teacher, 'people')
  const row = teacher.get('person-row').filter({ hasText: name })
  await row.getByTestId('person-menu').click()
  await teacher.get(item).click()
}

const status = async (person: Person) =>
  ((await person.get('status-line').first().textContent()) ?? '').trim()
