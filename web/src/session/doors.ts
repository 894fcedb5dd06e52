// The doors that were seen on this device: what one says stands there at once the next
// time, while the server is asked again.

import { isRecord, readJSON, textOf, thisDevice, writeJSON, type Store } from './storage'

export interface Door {
  readonly title: string
  readonly lobby: boolean
}

const key = 'preau.doors'
const most = 8

export function recallDoor(code: string, store: () => Store = thisDevice): Door | undefined {
  const found = all(store).find((door) => door.code === code)
  return found && { title: found.title, lobby: found.lobby }
}

/** Undefined: there is no such door any more. */
export function rememberDoor(
  code: string,
  door: Door | undefined,
  store: () => Store = thisDevice,
): void {
  const others = all(store).filter((other) => other.code !== code)
  const next = door ? [{ code, title: door.title, lobby: door.lobby }, ...others] : others
  writeJSON(store, key, next.slice(0, most))
}

function all(store: () => Store): readonly (Door & { readonly code: string })[] {
  const found = readJSON(store, key)
  if (!Array.isArray(found)) return []
  return found
    .filter(isRecord)
    .map((kept) => ({
      code: textOf(kept['code']),
      title: textOf(kept['title']),
      lobby: kept['lobby'] === true,
    }))
    .filter(({ code }) => code !== '')
}
