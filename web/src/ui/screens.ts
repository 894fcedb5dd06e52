// The screens that are not part of the first load.

import { loadLibrary } from '../media/library'
import type { Route } from '../session/routes'
import { Later } from './later.svelte'

export const home = new Later(() => import('./entry/Home.svelte'))
export const lesson = new Later(() => import('./entry/Lesson.svelte'))

/** Begins to load what an address will lead to: the class comes while a name is typed. */
export function prepare({ screen }: Route): void {
  if (screen === 'landing') void home.ask()
  if (screen === 'landing' || screen === 'unknown') return
  void lesson.ask()
  // Whoever connects asks again, and says so if it does not come.
  loadLibrary().catch(() => undefined)
}
