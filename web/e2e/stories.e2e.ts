import { afterAll, beforeAll, expect, it } from 'vitest'
import { stories } from '../src/ui/stories/names.ts'
import { legible } from './axe.ts'
import { overflow, type Person, TestBrowser } from './browser.ts'
import { look, views, width } from './look.ts'
import { control, panel } from './people.ts'
import { StoriesSite } from './stories-site.ts'

// Every screen there is, with made-up people: both languages and both sizes in the
// light theme, and the colours again in the other two. Two pages show them all.

type Act = (person: Person, phone: boolean) => Promise<void>

const open =
  (id: string): Act =>
  (person) =>
    control(person, id)
const people: Act = (person) => panel(person, 'people')
const personMenu: Act = async (person) => {
  await panel(person, 'people')
  await person.get('person-row').filter({ hasText: 'Amina' }).getByTestId('person-menu').click()
}
const manage: Act = (person, phone) => person.get(phone ? 'bar-more' : 'teacher-menu').click()

/** What lies behind a click on a story. */
const opened: [screen: string, story: string, act: Act][] = [
  ['landing-settings', 'landing', open('settings-open')],
  ['landing-help', 'landing', open('help-open')],
  ['landing-accessibility', 'landing', open('accessibility-open')],
  ['settings', 'class-teacher', open('class-settings')],
  ['keys', 'class-teacher', (person) => person.page.keyboard.press('?')],
  ['keys-pupil', 'class-pupil', (person) => person.page.keyboard.press('?')],
  ['invite', 'class-teacher', open('invite-open')],
  ['leave-dialog', 'class-teacher', open('bar-leave')],
  ['manage', 'class-moderated', manage],
  [
    'end-dialog',
    'class-teacher',
    async (person, phone) => {
      await manage(person, phone)
      await person.get('end-for-all').click()
    },
  ],
  ['people', 'class-teacher', people],
  ['people-moderated', 'class-moderated', people],
  ['people-links', 'class-links', people],
  ['people-pupil', 'class-pupil', people],
  ['chat', 'class-teacher', (person) => panel(person, 'chat')],
  ['chat-pupil', 'class-pupil', (person) => panel(person, 'chat')],
  ['chat-locked', 'class-locked', (person) => panel(person, 'chat')],
  ['person-menu', 'class-moderated', personMenu],
  [
    'ban-dialog',
    'class-teacher',
    async (person, phone) => {
      await personMenu(person, phone)
      await person.get('menu-ban').click()
    },
  ],
  [
    'ban-dialog-no-lobby',
    'class-moderated',
    async (person, phone) => {
      await personMenu(person, phone)
      await person.get('menu-ban').click()
    },
  ],
  ['react', 'class-pupil', (person, phone) => person.get(phone ? 'bar-more' : 'bar-react').click()],
]

const screens: [screen: string, story: string, act?: Act][] = [
  ...stories.map((story): [string, string] => [story, story]),
  ...opened,
]

let site: StoriesSite
let browser: TestBrowser

beforeAll(async () => {
  site = await StoriesSite.start()
  browser = await TestBrowser.launch()
})

afterAll(async () => {
  await browser.close()
  await site.stop()
})

const sizes = [true, false]
let persons: Map<boolean, Person>

beforeAll(async () => {
  const all = sizes.map(async (phone): Promise<[boolean, Person]> => {
    const person = await browser.person({ phone })
    // What one story leaves open is not open in the next.
    await person.context.addInitScript(() => {
      sessionStorage.clear()
      localStorage.clear()
    })
    return [phone, person]
  })
  persons = new Map(await Promise.all(all))
})

it.each(screens)('%s', async (...screen) => {
  await Promise.all(sizes.map((phone) => lookAt(screen, phone)))
  expect(browser.failures()).toEqual([])
})

// WCAG 1.4.10: 320 pixels are also a desk's 1280 at 400 %.
it.each(['class-pupil', 'class-teacher', 'prejoin', 'landing'] as const)(
  '%s at 320 pixels: no word of a button is cut off',
  async (story) => {
    expect(stories).toContain(story)
    const person = persons.get(true)!
    await person.page.setViewportSize({ width: 320, height: 568 })
    for (const language of ['fr', 'en'] as const) {
      await person.page.goto(site.url(story, language, 'light'))
      await person.page.locator('h1').first().waitFor({ state: 'attached' })
      expect(await overflow(person), language).toBe(0)
      expect(await cutOff(person), language).toEqual([])
      await person.screenshot(`story-${story}-320-${language}`)
    }
    await person.page.setViewportSize({ width: 360, height: 640 })
  },
)

/** What stands on buttons and is wider than they are. */
const cutOff = (person: Person): Promise<string[]> =>
  person.page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button')]
      .filter((button) => button.checkVisibility() && button.scrollWidth > button.clientWidth)
      .map((button) => button.textContent.trim()),
  )

async function lookAt(screen: (typeof screens)[number], phone: boolean): Promise<void> {
  const [name, story, act] = screen
  const person = persons.get(phone)!
  for (const view of views.filter((v) => v.phone === phone)) {
    await person.page.goto(site.url(story, view.language, 'light'))
    await person.page.locator('h1').first().waitFor({ state: 'attached' })
    await act?.(person, phone)
    await look(person, `story-${name}`, view)
  }
  if (!coloured(story)) return
  // Colours are the same at both sizes: each size is looked at in one more theme.
  const theme = phone ? 'contrast' : 'dark'
  await person.page.evaluate(
    (chosen) => (document.documentElement.dataset['theme'] = chosen),
    theme,
  )
  await legible(person, `${name}, ${theme}, ${width({ phone })}`)
  await person.screenshot(`story-${name}-${width({ phone })}-${theme}`)
}

/** One of the endings shows the colours of all: they are one component. */
function coloured(story: string): boolean {
  return story === 'ending-ended' || !/^(ending|teacher)-|^class-300$/.test(story)
}
