// A page that meets an event it does not know is older than its server: it loads
// itself anew, but never in a circle.

import { renewPage } from './worker'
import { readJSON, thisTab, writeJSON, type Store } from './storage'

const key = 'preau.reloaded'
const notBefore = 60_000 // ms since the last time

export function reloadOnce(): void {
  if (mayReload(Date.now())) void renewPage().then(() => location.reload())
}

/**
 * A part of the page that does not load may be gone for good: the server has a newer
 * page. Loads it if that is so; a server that does not answer is waited for.
 */
export async function reloadIfReplaced(): Promise<void> {
  const entry = document.querySelector<HTMLScriptElement>('script[type="module"][src]')
  if (!entry) return
  try {
    const answer = await fetch('/', { cache: 'no-store', signal: AbortSignal.timeout(8_000) })
    if (!answer.ok || (await answer.text()).includes(new URL(entry.src).pathname)) return
  } catch {
    return
  }
  reloadOnce()
}

export function mayReload(now: number, store: () => Store = thisTab): boolean {
  const last = readJSON(store, key)
  if (typeof last === 'number' && now - last < notBefore) return false
  return writeJSON(store, key, now)
}
