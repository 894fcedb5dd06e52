import {
  getLocale,
  isLocale,
  locales,
  overwriteGetLocale,
  setLocale,
  type Locale,
} from '../paraglide/runtime.js'

/** The reader's language. Messages read it, so a change is seen at once, without a reload. */
class Language {
  #current: Locale = $state(getLocale())

  get current(): Locale {
    return this.#current
  }

  /** choose switches the page and remembers it on this device. */
  choose(wanted: string): void {
    if (!isLocale(wanted)) return
    // The promise matters only where a reload was asked for.
    void setLocale(wanted, { reload: false })
    this.#current = wanted
    document.documentElement.lang = wanted
  }
}

export const language = new Language()
export const languages: readonly Locale[] = locales

overwriteGetLocale(() => language.current)
