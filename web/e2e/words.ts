import { readFileSync } from 'node:fs'
import type { Person } from './browser.ts'

// Whether a page keeps to one language: none of what it says, or lets be read
// aloud, is a message of the other.

export type Language = 'fr' | 'en'

type Messages = Record<string, unknown>

const all: Record<Language, Messages> = { fr: read('fr'), en: read('en') }
const foreign: Record<Language, RegExp[]> = { fr: onlyIn('en', 'fr'), en: onlyIn('fr', 'en') }

function read(language: Language): Messages {
  const file = new URL(`../messages/${language}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')) as Messages
}

/** The message in this language, with its {placeholders} filled. */
export function message(
  language: Language,
  key: string,
  fill: Record<string, string> = {},
): string {
  const text = all[language][key]
  if (typeof text !== 'string') throw new Error(`no plain message ${key}`)
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => fill[name] ?? whole)
}

/** Patterns of what is said in one language and cannot be a message of the other. */
function onlyIn(one: Language, other: Language): RegExp[] {
  const shared = new Set(texts(other))
  const patterns = texts(other).map(pattern)
  return texts(one)
    .filter((text) => !shared.has(text) && !patterns.some((p) => p.test(text)))
    .filter((text) => text.replace(/\{\w+\}|\P{L}/gu, '').length >= 4)
    .map(pattern)
}

function texts(language: Language): string[] {
  return Object.entries(all[language])
    .filter(([key]) => !key.startsWith('$'))
    .flatMap(([, text]) => (typeof text === 'string' ? [text] : []))
}

function pattern(text: string): RegExp {
  const parts = text.split(/\{\w+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.+')}$`, 'u')
}

/** What of the screen is said in the other language. */
export async function foreignWords(person: Person, language: Language): Promise<string[]> {
  const said = await person.page.evaluate(() => {
    const words: string[] = [document.title]
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) words.push(texts.currentNode.textContent ?? '')
    const spoken = ['aria-label', 'aria-description', 'title', 'alt', 'placeholder']
    for (const element of document.querySelectorAll('*')) {
      for (const name of spoken) words.push(element.getAttribute(name) ?? '')
    }
    return words.map((text) => text.replace(/\s+/g, ' ').trim()).filter(Boolean)
  })
  return said.filter((text) => foreign[language].some((p) => p.test(text)))
}
