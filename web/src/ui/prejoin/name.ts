export type NameProblem = 'missing' | 'long' | 'invalid'

/** Control characters, and those that turn the direction of text around: the server refuses them. */
const refused = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** Nothing to see: spaces, joiners, fillers (Unicode's Default_Ignorable), the empty Braille cell. */
const unseen = /^[\s\p{Default_Ignorable_Code_Point}\u2800]*$/u

/** nameProblem says why a name will not do, by the server's rule; undefined: it will. */
export function nameProblem(name: string): NameProblem | undefined {
  const trimmed = name.trim()
  if (unseen.test(trimmed)) return 'missing'
  if (Array.from(trimmed).length > 64) return 'long'
  return refused.test(trimmed) ? 'invalid' : undefined
}
