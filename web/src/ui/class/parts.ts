// The parts of a class that come after the first sound, or when they are opened. A
// panel that a teacher has open from the start comes at once.

import { Later } from '../later.svelte'

export const sidePanel = new Later(() => import('./SidePanel.svelte'))
export const dialogs = new Later(() => import('./ClassDialogs.svelte'))
export const teacherItems = new Later(() => import('./TeacherItems.svelte'))

/**
 * Whatever of the class has not come yet, one part after the other: all at once they would fill a thin
 * link's queue. A part that is here costs nothing.
 */
export async function fetchRest(): Promise<void> {
  for (const part of [sidePanel, dialogs, teacherItems]) await part.ask()
}
