// The device key: random, of this browser. The server makes the person's identity in a
// class from it, the class and the role, so that who comes back is the same person,
// after a closed tab too, and that a ban outlives the tab.

import { readJSON, textOf, thisDevice, writeJSON, type Store } from './storage'

const key = 'preau.device'

export function deviceKey(store: () => Store = thisDevice): string {
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
