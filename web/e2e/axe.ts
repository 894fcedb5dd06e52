import { AxeBuilder } from '@axe-core/playwright'
import { expect } from 'vitest'
import type { Person } from './browser.ts'

/** Expects no violation of WCAG 2.2 A and AA, nor of axe's best practices, on the screen as it stands. */
export async function accessible(person: Person, screen: string): Promise<void> {
  await nothingFound(new AxeBuilder({ page: person.page }), screen)
}

/** The same of colours alone: all that another theme changes. */
export async function legible(person: Person, screen: string): Promise<void> {
  const colours = ['color-contrast', 'link-in-text-block']
  await nothingFound(new AxeBuilder({ page: person.page }).withRules(colours), screen)
}

async function nothingFound(axe: AxeBuilder, screen: string): Promise<void> {
  // The page has no frames: what this mode does not look into. The other opens a second
  // page for every look.
  const result = await axe.setLegacyMode().analyze()
  const found = result.violations.map(
    (v) => `${v.id}: ${v.help} (${v.nodes.map((n) => n.target.join(' ')).join('; ')})`,
  )
  expect(found, `axe on ${screen}`).toEqual([])
}
