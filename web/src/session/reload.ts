// A page that meets an event it does not know is older than its server: it loads
// itself anew, but never in a circle.

import { readJSON, thisTab, writeJSON, type Store } from './storage'

const key = 'preau.reloaded'
const notBefore = 60_000 // ms since the last time

export function reloadOnce(): void {
  if (mayReload(Date.now())) location.reload()
}

export function mayReload(now: number, store: () => Store = thisTab): boolean {
  const last = readJSON(store, key)
  if (typeof last === 'number' && now - last < notBefore) return false
  return writeJSON(store, key, now)
}
