import { describe, expect, it } from 'vitest'
import type { Person } from './browser.ts'
import { comeIn, isOn, oneStory, openClass, panel, personMenu, turnOn } from './people.ts'
import { School } from './school.ts'
import { message } from './words.ts'

// What a teacher does to the whole class at once, and to whom the class looks: each line of the
// teacher's menu, and what the pupils then can and cannot do.

const school = new School()
let teacher: Person
let code: string
let amina: Person
let leo: Person

oneStory(() => school.browser)

describe("the teacher's menu", () => {
  it('mutes everyone, who may speak again', async () => {
    ;({ teacher, code } = await openClass(school.browser, school.server, '3e A · Anglais'))
    amina = await comeIn(school.browser, school.server, code, 'Amina')
    leo = await comeIn(school.browser, school.server, code, 'Léo')
    for (const person of [teacher, amina, leo]) await turnOn(person, 'bar-mic')
    await menu('mute-all')
    for (const pupil of [amina, leo]) await expect.poll(() => isOn(pupil, 'bar-mic')).toBe(false)
    expect(await isOn(teacher, 'bar-mic')).toBe(true)
    await turnOn(amina, 'bar-mic')
  })

  it('lowers all hands', async () => {
    for (const pupil of [amina, leo]) await pupil.get('bar-hand').click()
    await expect.poll(() => teacher.get('hand-item').count()).toBe(2)
    await menu('lower-all-hands')
    await expect.poll(() => teacher.get('hand-item').count()).toBe(0)
    for (const pupil of [amina, leo]) {
      await expect.poll(() => pupil.get('bar-hand').getAttribute('aria-pressed')).toBe('false')
    }
  })

  it('closes microphones, or only their opening', async () => {
    await rule('lock-mic', false)
    await expect.poll(() => isOn(amina, 'bar-mic')).toBe(false)
    await expect.poll(() => closed(amina, 'bar-mic')).toBe(true)
    await rule('lock-mic', true)
    await expect.poll(() => closed(amina, 'bar-mic')).toBe(false)
    await turnOn(amina, 'bar-mic')

    await rule('lock-unmute', false)
    await expect.poll(() => closed(leo, 'bar-mic')).toBe(true)
    expect(await isOn(amina, 'bar-mic'), 'who speaks already').toBe(true)
    await amina.get('bar-mic').click()
    await expect.poll(() => closed(amina, 'bar-mic')).toBe(true)
    await rule('lock-unmute', true)
    await expect.poll(() => closed(amina, 'bar-mic')).toBe(false)
  })

  it('closes cameras', async () => {
    await turnOn(amina, 'bar-camera')
    await expect.poll(() => teacher.get('tile').count()).toBe(1)
    await rule('lock-camera', false)
    await expect.poll(() => isOn(amina, 'bar-camera')).toBe(false)
    await expect.poll(() => teacher.get('tile').count()).toBe(0)
    for (const pupil of [amina, leo]) {
      await expect.poll(() => closed(pupil, 'bar-camera')).toBe(true)
    }
    await rule('lock-camera', true)
    await turnOn(amina, 'bar-camera')
  })

  it('lets pupils share their screens, and no longer', async () => {
    expect(await leo.get('bar-screen').count()).toBe(0)
    await rule('lock-screen', true)
    await leo.get('bar-screen').click()
    await expect.poll(() => stage(teacher)).toBe('screen')
    await rule('lock-screen', false)
    await expect.poll(() => stage(teacher)).toBe('person')
    await expect.poll(() => leo.get('bar-screen').count()).toBe(0)
  })

  it('closes the chat, or only that between pupils', async () => {
    await panel(amina, 'chat')
    await rule('lock-private', true)
    await expect.poll(() => addressees(amina)).toContain(privately('Léo'))
    await rule('lock-private', false)
    await expect.poll(() => addressees(amina)).not.toContain(privately('Léo'))
    expect(await addressees(amina)).toContain(message('fr', 'chat_to_teachers'))

    await rule('lock-chat', false)
    await amina.page.getByText(message('fr', 'chat_locked')).waitFor()
    expect(await amina.get('chat-input').count()).toBe(0)
    await rule('lock-chat', true)
    await amina.get('chat-input').waitFor()
  })

  it('opens and closes the waiting room', async () => {
    await menu('lobby-switch', true)
    const nora = await comeIn(school.browser, school.server, code, 'Nora')
    await nora.get('waiting-screen').waitFor()
    await menu('lobby-switch', true)
    const sam = await comeIn(school.browser, school.server, code, 'Sam')
    await sam.get('stage').waitFor()
    // Closing the waiting room lets in whoever waits.
    await nora.get('stage').waitFor()
    await Promise.all([nora, sam].map((pupil) => pupil.close()))
  })
})

describe('whom the class looks at', () => {
  it('is whom the teacher puts on the stage', async () => {
    await personMenu(teacher, 'Amina', 'menu-spotlight')
    for (const person of [teacher, leo]) {
      await expect.poll(() => onStage(person)).toContain('Amina')
      await person.get('stage-video').waitFor()
    }
    await teacher.screenshot('spotlight-1280')
    await personMenu(teacher, 'Amina', 'menu-spotlight')
    await expect.poll(() => onStage(leo)).toContain('Mme Leroy')
  })

  it('shares the class with a second teacher, and takes it back', async () => {
    await personMenu(teacher, 'Léo', 'menu-teacher')
    await leo.get('teacher-menu').waitFor()
    await leo.get('teacher-menu').click()
    await leo.get('mute-all').click()
    await teacher.page.keyboard.press('Escape')
    await personMenu(teacher, 'Léo', 'menu-pupil')
    await expect.poll(() => leo.get('teacher-menu').count()).toBe(0)
  })

  it('is seen a page at a time where there is little room', async () => {
    await turnOn(leo, 'bar-camera')
    const nora = await comeIn(school.browser, school.server, code, 'Nora')
    await turnOn(nora, 'bar-camera')
    const sam = await comeIn(school.browser, school.server, code, 'Sam', { phone: true })
    await sam.page.setViewportSize({ width: 280, height: 653 })
    await expect.poll(() => faces(sam)).toHaveLength(2)
    const first = await faces(sam)
    await sam.page.getByRole('button', { name: message('fr', 'strip_next') }).click()
    await expect.poll(() => faces(sam)).toHaveLength(1)
    const [last = ''] = await faces(sam)
    const all = [...first, last].sort()
    expect(all).toEqual(['Amina', 'Léo', 'Nora'])
    await sam.screenshot('strip-paged-280')
    // On a desk there is room for them all.
    await expect.poll(async () => (await faces(teacher)).sort()).toEqual(all)
    // A page that is empty now is left for the one before. Whose picture came last stands alone.
    const pupils: Record<string, Person> = { Amina: amina, Léo: leo, Nora: nora }
    await pupils[last]?.get('bar-leave').click()
    for (const person of [teacher, sam]) {
      await expect.poll(async () => (await faces(person)).sort()).toEqual(first.sort())
    }
    for (const person of [teacher, sam, ...Object.values(pupils)]) {
      expect(person.failures).toEqual([])
    }
  })
})

/** Chooses a line of the teacher's menu; a switch leaves it open. */
async function menu(item: string, stays = false): Promise<void> {
  await teacher.get('teacher-menu').click()
  await teacher.get(item).click()
  if (stays) await teacher.page.keyboard.press('Escape')
}

/** Makes a rule of the class hold, and waits until the menu says so. */
async function rule(id: string, allowed: boolean): Promise<void> {
  await teacher.get('teacher-menu').click()
  expect(await teacher.get(id).getAttribute('aria-checked'), id).toBe(String(!allowed))
  await teacher.get(id).click()
  await expect.poll(() => teacher.get(id).getAttribute('aria-checked')).toBe(String(allowed))
  await teacher.page.keyboard.press('Escape')
}

const closed = async (person: Person, id: string): Promise<boolean> =>
  (await person.get(id).getAttribute('aria-disabled')) === 'true'

const stage = (person: Person): Promise<string | null> =>
  person.get('stage').getAttribute('data-kind')

const onStage = (person: Person): Promise<string | null> =>
  person.get('stage').getAttribute('aria-label')

const addressees = (person: Person): Promise<string[]> =>
  person
    .get('chat-to')
    .locator('option')
    .allTextContents()
    .then((all) => all.map((text) => text.trim()))

const privately = (name: string): string => message('fr', 'chat_to_person', { name })

/** The names under the cameras of the strip's page. */
const faces = (person: Person): Promise<string[]> =>
  person.get('tile').locator('.name').allTextContents()
