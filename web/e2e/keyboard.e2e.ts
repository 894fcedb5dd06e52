import { describe, expect, it } from 'vitest'
import type { Person } from './browser.ts'
import { comeIn, control, isOn, openClass } from './people.ts'
import { School } from './school.ts'

// A whole lesson without a mouse: nothing below clicks. Wherever Tab stops, the ring
// around what has the focus can be seen.

const school = new School().everyoneGoesHome()

describe('the keyboard alone', () => {
  it('carries a lesson: the door, a hand, a microphone, the end', async () => {
    const teacher = await school.browser.person()
    const pupil = await school.browser.person()
    const code = await opensWithLobby(teacher)
    await knocks(pupil, code)

    await use(teacher, 'lobby-admit')
    await pupil.get('stage').waitFor()

    await use(pupil, 'bar-hand')
    await expect.poll(() => pupil.get('bar-hand').getAttribute('aria-pressed')).toBe('true')
    await expect.poll(() => teacher.get('hand-item').count()).toBe(1)
    await use(teacher, 'give-word')
    await expect.poll(() => teacher.get('word-item').count()).toBe(1)

    if (!(await isOn(pupil, 'bar-mic'))) await use(pupil, 'bar-mic')
    await expect.poll(() => isOn(pupil, 'bar-mic')).toBe(true)
    await use(teacher, 'person-menu')
    await choose(teacher, 'menu-mute')
    await expect.poll(() => isOn(pupil, 'bar-mic')).toBe(false)

    await use(pupil, 'bar-chat')
    await reach(pupil, 'chat-input')
    await pupil.page.keyboard.type('Au clavier')
    await pupil.page.keyboard.press('Enter')
    await expect.poll(() => pupil.get('chat-message').count()).toBe(1)

    await use(teacher, 'teacher-menu')
    await choose(teacher, 'end-for-all')
    await use(teacher, 'end-confirm')
    for (const person of [teacher, pupil]) await person.get('ended-screen').waitFor()
  })

  it.each([
    ['phone', true],
    ['desk', false],
  ])('is seen at every stop of a class, on a %s', async (_, phone) => {
    const { teacher, code } = await openClass(school.browser, school.server, 'Clavier', { phone })
    const pupil = await comeIn(school.browser, school.server, code, 'Zoé', { phone })
    await pupil.get('stage').waitFor()
    for (const [person, id] of [
      [teacher, 'the teacher'],
      [pupil, 'the pupil'],
    ] as const) {
      expect(await round(person), `${id} comes by the microphone`).toContain('bar-mic')
      await control(person, 'class-settings')
      await person.page.locator('dialog[open]').waitFor()
      await round(person)
      await person.page.keyboard.press('Escape')
      await control(person, 'bar-people')
      await round(person)
    }
  })
})

/** The landing page to a class with a lobby; yields its code. */
async function opensWithLobby(teacher: Person): Promise<string> {
  const { keyboard } = teacher.page
  await teacher.page.goto(school.server.url)
  await reach(teacher, 'landing-title')
  await keyboard.type('Clavier')
  await reach(teacher, 'landing-lobby')
  await keyboard.press('Space')
  await use(teacher, 'landing-open')
  await teacher.get('prejoin-name').waitFor()
  await reach(teacher, 'prejoin-name')
  await keyboard.type('Mme Clavier')
  await keyboard.press('Enter')
  await teacher.get('stage').waitFor()
  await use(teacher, 'stage-invite')
  const code = (await teacher.get('invite-code').textContent()) ?? ''
  await keyboard.press('Escape')
  return code.replace('-', '')
}

async function knocks(pupil: Person, code: string): Promise<void> {
  await pupil.page.goto(`${school.server.url}/c/${code}`)
  await pupil.get('prejoin-name').waitFor()
  await reach(pupil, 'prejoin-name')
  await pupil.page.keyboard.type('Zoé')
  await pupil.page.keyboard.press('Enter')
  await pupil.get('waiting-screen').waitFor()
}

/** Tabs to a control and presses Enter on it. */
async function use(person: Person, id: string): Promise<void> {
  await person.get(id).first().waitFor()
  await reach(person, id)
  await person.page.keyboard.press('Enter')
}

/** Goes down an open menu to the item and chooses it. */
async function choose(person: Person, id: string): Promise<void> {
  await person.get(id).waitFor()
  for (let i = 0; i < 40; i++) {
    const stop = await focus(person)
    expect(stop.hidden, stop.id).toBe('')
    if (stop.id === id) {
      await person.page.keyboard.press('Enter')
      return
    }
    await person.page.keyboard.press('ArrowDown')
  }
  throw new Error(`the arrows never reached ${id}`)
}

/** Presses Tab until the control has the focus; at each stop the ring is seen. */
async function reach(person: Person, id: string): Promise<void> {
  for (let i = 0; i < 80; i++) {
    await person.page.keyboard.press('Tab')
    const stop = await focus(person)
    expect(stop.hidden, `the ring around ${stop.id}`).toBe('')
    if (stop.id === id) return
  }
  throw new Error(`the keyboard never reached ${id}`)
}

/** Once through all stops; yields them. */
async function round(person: Person): Promise<string[]> {
  const stops: string[] = []
  for (let i = 0; i < 80; i++) {
    await person.page.keyboard.press('Tab')
    const stop = await focus(person)
    expect(stop.hidden, `the ring around ${stop.id}`).toBe('')
    if (stop.again) return stops
    stops.push(stop.id)
  }
  throw new Error('Tab never came round')
}

interface Stop {
  /** Its test id, else what it is. */
  readonly id: string
  /** Why its ring cannot be seen; '' if it can. */
  readonly hidden: string
  /** It had the focus before in this round. */
  readonly again: boolean
}

/**
 * What has the focus, and whether one sees it: a ring of 3 px, of which no more
 * than one side is cut off by the window or by what scrolls around it.
 */
function focus(person: Person): Promise<Stop> {
  return person.page.evaluate(() => {
    const element = document.activeElement
    // Between the last stop and the first, browsers leave the page.
    if (!element || element === document.body) return { id: 'the page', hidden: '', again: false }
    const mark = window as unknown as { first?: Element | undefined }
    const again = mark.first === element
    if (again) mark.first = undefined
    else if (mark.first?.isConnected !== true) mark.first = element
    const id =
      element.getAttribute('data-testid') ??
      `${element.localName}.${element.className} “${element.textContent.trim().slice(0, 30)}”`
    const style = getComputedStyle(element)
    const width = parseFloat(style.outlineWidth)
    if (style.outlineStyle === 'none' || width < 3) return { id, hidden: 'no ring', again }
    const out = width + parseFloat(style.outlineOffset)
    const box = element.getBoundingClientRect()
    const ring = {
      left: box.left - out,
      right: box.right + out,
      top: box.top - out,
      bottom: box.bottom + out,
    }
    const bounds = [{ left: 0, top: 0, right: innerWidth, bottom: innerHeight }]
    for (let up = element.parentElement; up; up = up.parentElement) {
      if (getComputedStyle(up).overflowX !== 'visible') bounds.push(up.getBoundingClientRect())
      if (getComputedStyle(up).position === 'fixed') break
    }
    const cut = (['left', 'right', 'top', 'bottom'] as const).filter((side) =>
      bounds.some((b) =>
        side === 'left' || side === 'top'
          ? ring[side] + width <= b[side]
          : ring[side] - width >= b[side],
      ),
    )
    return { id, hidden: cut.length > 1 ? `cut off: ${cut.join(', ')}` : '', again }
  })
}
