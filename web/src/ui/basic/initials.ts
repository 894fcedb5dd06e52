/** initials are the first letters of the first and the last word, whole characters only. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean)
  const first = letter(words.at(0))
  const last = words.length > 1 ? letter(words.at(-1)) : ''
  return (first + last).toLocaleUpperCase()
}

function letter(word: string | undefined): string {
  if (!word) return ''
  // Firefox before 125 has no Segmenter: a code point is then near enough.
  if (!('Segmenter' in Intl)) return Array.from(word)[0] ?? ''
  const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(word)
  return Array.from(characters)[0]?.segment ?? ''
}
