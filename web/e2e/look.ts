import { expect } from 'vitest'
import { accessible } from './axe.ts'
import { overflow, type Person } from './browser.ts'
import { foreignWords, type Language } from './words.ts'

/** One way to look at the page. */
export interface View {
  readonly language: Language
  readonly phone: boolean
}

/** Both languages at both sizes. */
export const views: readonly View[] = (['fr', 'en'] as const).flatMap((language) => [
  { language, phone: true },
  { language, phone: false },
])

export const width = (view: Pick<View, 'phone'>): string => (view.phone ? '360' : '1280')
export const named = (view: View): string => `${view.language} at ${width(view)}`
/** What a browser of this view is started with. */
export const settings = ({ language, phone }: View) => ({
  phone,
  language: language === 'fr' ? 'fr-FR' : 'en-GB',
})

/**
 * A screen as it stands: axe finds nothing, nothing sticks out sideways, all is said
 * in the reader's language, and a picture is kept to be looked at.
 */
export async function look(person: Person, screen: string, view: View): Promise<void> {
  const where = `${screen}, ${named(view)}`
  await accessible(person, where)
  expect(await overflow(person), `${where}: pixels that stick out sideways`).toBe(0)
  expect(await person.page.locator('html').getAttribute('lang'), where).toBe(view.language)
  expect(await foreignWords(person, view.language), `${where}: the other language`).toEqual([])
  await person.screenshot(`${screen}-${width(view)}-${view.language}`)
}
