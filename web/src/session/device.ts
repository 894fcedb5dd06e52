// The device key: random, of this tab. The server makes the person's identity in a
// class from it, so that a reload is the same person and another tab is not.

import { readJSON, textOf, thisTab, writeJSON, type Store } from './storage'

const key = 'preau.device'

export function deviceKey(store: () => Store = thisTab): string {
  const kept = textOf(readJSON(store, key))
  if (/^[0-9a-f]{32}$/.test(kept)) return kept
  const fresh = randomKey()
  writeJSON(store, key, fresh)
  return fresh
}

/** 128 random bits as hexadecimal. Works on insecure pages too, unlike randomUUID. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
}
