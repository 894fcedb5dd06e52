/** One key each for one's own microphone, camera and hand, and for the panels. */
export const keyOf = { microphone: 'm', camera: 'v', hand: 'h', chat: 'c', people: 'p' } as const

export type Shortcut = keyof typeof keyOf | 'help'

/** Press is what of a KeyboardEvent decides. */
export interface Press {
  key: string
  ctrlKey: boolean
  altKey: boolean
  metaKey: boolean
  repeat: boolean
}

/** shortcutOf says what a key asks for; a key held down or with a modifier asks for nothing. */
export function shortcutOf(press: Press): Shortcut | undefined {
  if (press.ctrlKey || press.altKey || press.metaKey || press.repeat) return undefined
  if (press.key === '?') return 'help'
  const key = press.key.toLowerCase()
  for (const [name, letter] of Object.entries(keyOf)) {
    if (letter === key) return name as Shortcut
  }
  return undefined
}

const writing = 'input, textarea, select, [contenteditable], dialog, [role="menu"]'
const control = `${writing}, button, a[href], summary, video[controls], [role="tab"], [tabindex="0"]`

/** isWriting: keys belong to a field, a menu or a dialog. */
export function isWriting(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(writing) !== null
}

/** hasControl: the space bar belongs to what has the focus. */
export function hasControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(control) !== null
}
