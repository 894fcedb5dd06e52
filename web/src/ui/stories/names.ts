// Every story by its name. Plain, so that the end-to-end tests look at each without
// knowing a component. Stories.svelte and scenes.ts must have all of them.

export const rooms = [
  'class-lesson',
  'class-teacher',
  'class-pupil',
  'class-person',
  'class-alone',
  'class-voice',
  'class-waiting-for-teacher',
  'class-moderated',
  'class-locked',
  'class-reconnecting',
  'class-sound',
  'class-denied',
  'class-saving',
  'class-saved',
  'class-saving-teacher',
  'class-paused',
  'class-links',
  'class-300',
] as const

export const doors = [
  'landing',
  'landing-closed',
  'prejoin',
  'prejoin-teacher',
  'loading',
  'early',
  'waiting',
  'waiting-reconnecting',
] as const

export const endings = [
  'ended',
  'left',
  'removed',
  'refused',
  'banned',
  'replaced',
  'full',
  'expired',
  'notfound',
  'failed',
] as const

/** The endings that address a teacher otherwise than a pupil. */
export const teacherEndings = ['ended', 'left', 'removed', 'refused', 'banned'] as const

export type RoomName = (typeof rooms)[number]

export const stories: readonly string[] = [
  ...doors,
  ...rooms,
  ...endings.map((ending) => `ending-${ending}`),
  ...teacherEndings.map((ending) => `teacher-${ending}`),
]
