// The device key: random, of this browser, another in each class. The server makes the
// person's identity in a class from it and the role, so that who comes back is the same
// person, after a closed tab too, and that a ban outlives the tab. It stands in the
// addresses of sockets, which proxies write into their logs: what is read there says
// nothing of other classes.

import { isRecord, readJSON, textOf, thisDevice, writeJSON, type Store } from './storage'

const slot = 'preau.devices'
/** Classes whose keys are kept: whoever comes back after so many others is somebody new. */
const most = 64

/** The key in the class of that name. */
export function deviceKey(name: string, store: () => Store = thisDevice): string {
  const known = all(store)
  const key = known.find((kept) => kept.class === name)?.key ?? randomKey()
  const others = known.filter((kept) => kept.class !== name)
  writeJSON(store, slot, [{ class: name, key }, ...others].slice(0, most))
  return key
}

function all(store: () => Store): { readonly class: string; readonly key: string }[] {
  const found = readJSON(store, slot)
  if (!Array.isArray(found)) return []
  return found
    .filter(isRecord)
    .map((kept) => ({ class: textOf(kept['class']), key: textOf(kept['key']) }))
    .filter((kept) => /^[0-9a-f]{32}$/.test(kept.key))
}

/** 128 random bits as hexadecimal. Works on insecure pages too, unlike randomUUID. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
}
