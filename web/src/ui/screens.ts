// The screens that are not part of the first load.

import { loadLibrary } from '../media/library'
import type { Route } from '../session/routes'
import { Later } from './later.svelte'

export const home = new Later(() => import('./entry/Home.svelte'))
export const lesson = new Later(() => import('./entry/Lesson.svelte'))

/** Begins to load what an address will lead to. */
export function prepare({ screen }: Route): void {
  if (screen === 'landing') void home.ask()
  // Of a code the class's name is asked first: beside all this, the answer would come last.
  else if (screen !== 'unknown' && screen !== 'code') prepareClass()
}

/** Begins to load the class: it comes while a name is typed. */
export function prepareClass(): void {
  void lesson.ask()
  // Whoever connects asks again, and says so if it does not come.
  loadLibrary().catch(() => undefined)
}
