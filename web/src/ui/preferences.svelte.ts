import { isRecord, readJSON, thisDevice, writeJSON } from '../session/storage'

/** What a reader set for this device: appearance, sounds, shortcuts. No names here. */
export type Appearance = 'auto' | 'light' | 'dark' | 'contrast'

const key = 'preau.preferences'

interface Stored {
  appearance: Appearance
  sounds: boolean
  shortcuts: boolean
}

const usual: Stored = { appearance: 'auto', sounds: true, shortcuts: true }

function isAppearance(value: unknown): value is Appearance {
  return value === 'auto' || value === 'light' || value === 'dark' || value === 'contrast'
}

function read(): Stored {
  const found = readJSON(thisDevice, key)
  if (!isRecord(found)) return { ...usual }
  const { appearance, sounds, shortcuts } = found
  return {
    appearance: isAppearance(appearance) ? appearance : usual.appearance,
    sounds: typeof sounds === 'boolean' ? sounds : usual.sounds,
    shortcuts: typeof shortcuts === 'boolean' ? shortcuts : usual.shortcuts,
  }
}

class Preferences {
  #stored: Stored = $state(read())

  get appearance(): Appearance {
    return this.#stored.appearance
  }
  get sounds(): boolean {
    return this.#stored.sounds
  }
  get shortcuts(): boolean {
    return this.#stored.shortcuts
  }

  set(change: Partial<Stored>): void {
    Object.assign(this.#stored, change)
    writeJSON(thisDevice, key, this.#stored)
  }
}

export const preferences = new Preferences()

/** theme says which set of colours holds, given what the device asks for. */
export function theme(
  wanted: Appearance,
  device: { dark: boolean; contrast: boolean },
): 'light' | 'dark' | 'contrast' {
  if (wanted !== 'auto') return wanted
  if (device.contrast) return 'contrast'
  return device.dark ? 'dark' : 'light'
}

/** followTheme keeps the document in the chosen appearance until stopped. Call it in an effect. */
export function followTheme(): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const contrast = matchMedia('(prefers-contrast: more)')
  const apply = (): void => {
    document.documentElement.dataset['theme'] = theme(preferences.appearance, {
      dark: dark.matches,
      contrast: contrast.matches,
    })
  }
  apply()
  dark.addEventListener('change', apply)
  contrast.addEventListener('change', apply)
  return () => {
    dark.removeEventListener('change', apply)
    contrast.removeEventListener('change', apply)
  }
}
