import { describe, expect, it } from 'vitest'
import { accessible } from './axe.ts'
import type { Person } from './browser.ts'
import {
  comeIn,
  enter,
  isOn,
  oneStory,
  openClass,
  panel,
  personMenu,
  reads,
  say,
  turnOn,
} from './people.ts'
import { School } from './school.ts'
import { message } from './words.ts'

// What a teacher does to keep a class in order, and what pupils see of it.

const school = new School()
let teacher: Person
let code: string
let amina: Person
let leo: Person

oneStory(() => school.browser)

describe('a class in order', () => {
  it('lets in whom the teacher wants, and refuses the others', async () => {
    ;({ teacher, code } = await openClass(school.browser, school.server, '6e A · Français', {
      lobby: true,
    }))
    amina = await comeIn(school.browser, school.server, code, 'Amina')
    leo = await comeIn(school.browser, school.server, code, 'Léo')
    const stranger = await comeIn(school.browser, school.server, code, 'Inconnu', { phone: true })
    await expect.poll(() => teacher.get('lobby-item').count()).toBe(3)
    await lobby('Inconnu', 'lobby-refuse')
    await stranger.get('refused-screen').waitFor()
    await accessible(stranger, 'refused')
    await stranger.screenshot('refused-360')
    await stranger.close()
    await lobby('Amina', 'lobby-admit')
    await amina.get('stage').waitFor()
    await leo.get('waiting-screen').waitFor()
    await lobby('Léo', 'lobby-admit')
    await leo.get('stage').waitFor()
  })

  it('carries a private word to the teacher alone', async () => {
    await say(amina, 'Je n’ai pas mon livre', 'teachers')
    await say(amina, 'Bonjour !')
    await reads(leo, 'Léo', 'Bonjour !')
    await reads(teacher, 'the teacher', 'Je n’ai pas mon livre')
    await reads(amina, 'Amina', 'Je n’ai pas mon livre')
    expect(await leo.get('chat-message').count()).toBe(1)
    await leo.page.reload()
    await reads(leo, 'Léo', 'Bonjour !')
    expect(await leo.get('chat-message').count()).toBe(1)
    await amina.screenshot('chat-private-1280')
  })

  it('shows a reaction to the others', async () => {
    await amina.get('bar-react').click()
    await amina.get('reaction').getByText('👏').click()
    for (const [who, person] of [
      ['the teacher', teacher],
      ['Léo', leo],
    ] as const) {
      await expect
        .poll(() => person.get('reactions').textContent(), { message: who })
        .toMatch(/👏\s*Amina/)
    }
    await teacher.screenshot('reaction-1280')
  })

  it('mutes one, locks all, and the word is stronger than the lock', async () => {
    for (const person of [teacher, amina, leo]) await turnOn(person, 'bar-mic')
    await personMenu(teacher, 'Amina', 'menu-mute')
    await expect.poll(() => isOn(amina, 'bar-mic')).toBe(false)
    await turnOn(amina, 'bar-mic') // nothing is locked yet
    // Closed for Amina alone and opened again: no exception, what comes holds for her too.
    const closed = message('fr', 'exception_may_not', { what: message('fr', 'exception_mic') })
    await personMenu(teacher, 'Amina', 'menu-may-microphone')
    await expect.poll(() => isOn(amina, 'bar-mic')).toBe(false)
    expect(await personRow('Amina')).toContain(closed)
    await teacher.get('menu-may-microphone').click()
    await expect.poll(() => personRow('Amina')).not.toContain(closed)
    await teacher.page.keyboard.press('Escape')
    await turnOn(amina, 'bar-mic')
    await teacher.get('teacher-menu').click()
    await accessible(teacher, 'teacher menu')
    await teacher.screenshot('teacher-menu-1280')
    await teacher.get('mute-all-lock').click()
    for (const pupil of [amina, leo]) {
      await expect.poll(() => isOn(pupil, 'bar-mic')).toBe(false)
    }
    expect(await amina.get('bar-mic').getAttribute('aria-disabled')).toBe('true')
    await amina.get('bar-hand').click()
    await teacher.get('give-word').click()
    await turnOn(amina, 'bar-mic')
  })

  it('takes the word back', async () => {
    expect(await teacher.get('word-item').textContent()).toContain('Amina')
    await teacher.get('take-word').click()
    await expect.poll(() => teacher.get('word-item').count()).toBe(0)
    await expect.poll(() => isOn(amina, 'bar-mic')).toBe(false)
    await expect.poll(() => amina.get('bar-mic').getAttribute('aria-disabled')).toBe('true')
    expect(await isOn(teacher, 'bar-mic')).toBe(true)
  })

  it('makes a pupil present, and a pupil again', async () => {
    expect(await leo.get('bar-screen').count()).toBe(0)
    await personMenu(teacher, 'Léo', 'menu-presenter')
    await leo.get('bar-screen').click()
    for (const person of [teacher, amina]) {
      await expect.poll(() => person.get('stage').getAttribute('data-kind')).toBe('screen')
    }
    await personMenu(teacher, 'Léo', 'menu-pupil')
    await expect.poll(() => leo.get('bar-screen').count()).toBe(0)
    for (const person of [teacher, amina, leo]) {
      await expect.poll(() => person.get('stage').getAttribute('data-kind')).not.toBe('screen')
    }
  })

  it('removes a pupil, who may ask to come back', async () => {
    await personMenu(teacher, 'Léo', 'menu-remove')
    await leo.get('removed-screen').waitFor()
    await accessible(leo, 'removed')
    await leo.screenshot('removed-1280')
    await leo.get('ending-return').click()
    await leo.get('waiting-screen').waitFor()
    await lobby('Léo', 'lobby-admit')
    await leo.get('stage').waitFor()
  })

  it('bans a pupil, who cannot return by the same link', async () => {
    await personMenu(teacher, 'Léo', 'menu-ban')
    await accessible(teacher, 'confirm the ban')
    await teacher.screenshot('ban-dialog-1280')
    await teacher.get('ban-confirm').click()
    await leo.get('banned-screen').waitFor()
    await accessible(leo, 'banned')
    await leo.screenshot('banned-1280')
    const tab = await leo.anotherTab()
    await tab.page.goto(`${school.server.url}/c/${code}`)
    await enter(tab, 'Léonard')
    await tab.get('banned-screen').waitFor()
    await panel(teacher, 'people')
    await expect.poll(() => teacher.get('lobby-item').count()).toBe(0)
    await teacher.get('unban').click()
    await tab.page.goto(`${school.server.url}/c/${code}`)
    await enter(tab, 'Léo')
    await tab.get('stage').waitFor()
    for (const person of [teacher, amina, leo, tab]) expect(person.failures).toEqual([])
  })
})

/** What the teacher's list says of a person. */
async function personRow(name: string): Promise<string> {
  return (await teacher.get('person-row').filter({ hasText: name }).textContent()) ?? ''
}

/** Lets in or refuses one who waits. */
async function lobby(name: string, act: 'lobby-admit' | 'lobby-refuse'): Promise<void> {
  await panel(teacher, 'people')
  await teacher.get('lobby-item').filter({ hasText: name }).getByTestId(act).click()
}
