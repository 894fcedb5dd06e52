// The browser's two stores, made safe: private windows and full disks throw, and
// what is read back may be anything.

export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

export function readJSON(store: () => Store, key: string): unknown {
  try {
    const text = store().getItem(key)
    return text === null ? undefined : (JSON.parse(text) as unknown)
  } catch {
    return undefined
  }
}

/** False: not kept. The page then works for as long as it is open. */
export function writeJSON(store: () => Store, key: string, value: unknown): boolean {
  try {
    if (value === undefined) store().removeItem(key)
    else store().setItem(key, JSON.stringify(value))
    return true
  } catch {
    return false
  }
}

/** Touching the property itself throws where storage is forbidden, hence functions. */
export const thisTab = (): Store => sessionStorage
export const thisDevice = (): Store => localStorage

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
