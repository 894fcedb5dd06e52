import { m } from '../../paraglide/messages.js'

/** What one may call out without a word, and its name. */
export const reactions: readonly (readonly [emoji: string, name: () => string])[] = [
  ['👍', m.react_yes],
  ['👎', m.react_no],
  ['👏', m.react_clap],
  ['❤️', m.react_heart],
  ['😂', m.react_laugh],
  ['😮', m.react_wonder],
  ['🐢', m.react_slower],
]
