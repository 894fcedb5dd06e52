import { AxeBuilder } from '@axe-core/playwright'
import { expect } from 'vitest'
import type { Person } from './browser.ts'

/** Expects no violation of WCAG 2.2 A and AA, nor of axe's best practices, on the screen as it stands. */
export async function accessible(person: Person, screen: string): Promise<void> {
  // Off unless asked for, though it is of level AA: nothing to touch is under 24 px.
  await nothingFound(person, screen, { rules: { 'target-size': { enabled: true } } })
}

/** The same of colours alone: all that another theme changes. */
export async function legible(person: Person, screen: string): Promise<void> {
  const values = ['color-contrast', 'link-in-text-block']
  await nothingFound(person, screen, { runOnly: { type: 'rule', values } })
}

type Options = Parameters<AxeBuilder['options']>[0]

async function nothingFound(person: Person, screen: string, options: Options): Promise<void> {
  const result = await new AxeBuilder({ page: person.page })
    .options({ ...options, resultTypes: ['violations'] }) // nobody reads what passed
    // The page has no frames, which this mode does not look into. The other opens a
    // second page for every look.
    .setLegacyMode()
    .analyze()
  const found = result.violations.map(
    (v) => `${v.id}: ${v.help} (${v.nodes.map((n) => n.target.join(' ')).join('; ')})`,
  )
  expect(found, `axe on ${screen}`).toEqual([])
}
