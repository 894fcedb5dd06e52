import { AxeBuilder } from '@axe-core/playwright'
import { expect } from 'vitest'
import type { Person } from './browser.ts'

/** Expects no violation of WCAG 2.2 A and AA, nor of axe's best practices, on the screen as it stands. */
export async function accessible(person: Person, screen: string): Promise<void> {
  const result = await new AxeBuilder({ page: person.page }).analyze()
  const found = result.violations.map(
    (v) => `${v.id}: ${v.help} (${v.nodes.map((n) => n.target.join(' ')).join('; ')})`,
  )
  expect(found, `axe on ${screen}`).toEqual([])
}
