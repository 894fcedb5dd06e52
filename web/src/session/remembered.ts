// What is remembered of a person between classes: devices always, the name only
// if they say so.

import { isRecord, readJSON, textOf, thisDevice, writeJSON, type Store } from './storage'

export interface Remembered {
  /** '' unless the person asked to keep it. */
  readonly name: string
  readonly keepName: boolean
  /** Device ids; '' the system's own choice. */
  readonly audioinput: string
  readonly videoinput: string
  readonly audiooutput: string
  /** Came in with them on, the last time. */
  readonly microphone: boolean
  readonly camera: boolean
  /** Wants no pictures of people, to spare data. */
  readonly saver: boolean
}

const key = 'preau.remembered'

export function recall(store: () => Store = thisDevice): Remembered {
  const found = readJSON(store, key)
  const kept = isRecord(found) ? found : {}
  const keepName = kept['keepName'] === true
  return {
    name: keepName ? textOf(kept['name']) : '',
    keepName,
    audioinput: textOf(kept['audioinput']),
    videoinput: textOf(kept['videoinput']),
    audiooutput: textOf(kept['audiooutput']),
    microphone: kept['microphone'] !== false,
    camera: kept['camera'] === true,
    saver: kept['saver'] === true,
  }
}

export function remember(changes: Partial<Remembered>, store: () => Store = thisDevice): void {
  const next = { ...recall(store), ...changes }
  writeJSON(store, key, next.keepName ? next : { ...next, name: '' })
}
