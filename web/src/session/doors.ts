// The doors that were seen on this device: what one says stands there at once the next
// time, while the server is asked again.

import { isRecord, readJSON, textOf, thisDevice, writeJSON, type Store } from './storage'

export interface Door {
  /** Names the class in addresses of this page. */
  readonly class: string
  readonly title: string
  readonly lobby: boolean
}

const key = 'preau.doors'
const most = 8

export function recallDoor(code: string, store: () => Store = thisDevice): Door | undefined {
  const found = all(store).find((door) => door.code === code)
  return found && { class: found.class, title: found.title, lobby: found.lobby }
}

/** Undefined: there is no such door any more. */
export function rememberDoor(
  code: string,
  door: Door | undefined,
  store: () => Store = thisDevice,
): void {
  const others = all(store).filter((other) => other.code !== code)
  const next = door ? [{ code, ...door }, ...others] : others
  writeJSON(store, key, next.slice(0, most))
}

function all(store: () => Store): readonly (Door & { readonly code: string })[] {
  const found = readJSON(store, key)
  if (!Array.isArray(found)) return []
  return found
    .filter(isRecord)
    .map((kept) => ({
      code: textOf(kept['code']),
      class: textOf(kept['class']),
      title: textOf(kept['title']),
      lobby: kept['lobby'] === true,
    }))
    .filter((kept) => kept.code !== '' && kept.class !== '')
}
